internal import ErrorModel
internal import Generation
internal import LinearAlgebra
internal import SemanticGuidance

/// A task with the rankings of each method.
struct JudgedTask: Sendable {
    let task: EvaluationTask
    /// The nearest of the experts that may guide, with its plain proximity.
    let nearest: (name: String, proximity: Float)
    /// The rankings by the methods' names, without methods that have no adapter for the task.
    var rankings: [String: Ranking] = [:]

    init(_ task: EvaluationTask, embedding: [Float], library: Library) throws(SgloradError) {
        self.task = task
        let proximities = library.index.proximities(to: embedding, by: .plain)
        guard let relevance = Relevance(plainProximities: proximities) else {
            throw .invalidRequest(
                field: "tasks",
                reason: "cannot be judged: without the fold of the task's expert, the library has no experts")
        }
        nearest = (library.experts[relevance.nearest].name, relevance.proximity)
    }
}

extension EvaluationReport.Part {
    /// Summarises the tasks of one part: all of them, and each family if there are several.
    ///
    /// A group lists the methods that have a ranking for every task of the group.
    init(_ name: String, _ judged: [JudgedTask], methods: [String], resamples: Int, seed: UInt64) {
        let families = Set(judged.map(\.task.family)).sorted()
        var groups = [Self.group(name, nil, judged, methods, resamples, seed)]
        if families.count > 1 {
            for family in families {
                let own = judged.filter { $0.task.family == family }
                groups.append(Self.group(name, family, own, methods, resamples, seed))
            }
        }
        self.init(name: name, groups: groups, tasks: judged.map { Self.task($0, methods) })
    }

    private static func group(
        _ part: String, _ family: String?, _ judged: [JudgedTask], _ methods: [String], _ resamples: Int,
        _ seed: UInt64
    ) -> EvaluationReport.Group {
        let shared = methods.filter { method in judged.allSatisfy { $0.rankings[method] != nil } }
        let rows = judged.map { task in
            let rankings = shared.compactMap { task.rankings[$0] }
            return task.task.queries.indices.map { query in
                rankings.flatMap { ranking -> [Float] in
                    let figures = RankingFigures(place: ranking.places[query])
                    return [figures.recallAt1, figures.recallAt5, figures.meanReciprocalRank].map {
                        Float($0)
                    }
                }
            }
        }
        let bootstrap = Bootstrap(
            tasks: rows, columns: 3 * shared.count, resamples: resamples,
            random: .init(seed: seed, stream: StableHash.of("bootstrap/\(part)/\(family ?? "")")))
        func against(_ other: StandardMethod, _ index: Int) -> EvaluationReport.Estimate? {
            guard let place = shared.firstIndex(of: other.rawValue), place != index else { return nil }
            return bootstrap.difference(3 * index, 3 * place)
        }
        return EvaluationReport.Group(
            family: family, tasks: judged.count, queries: judged.reduce(0) { $0 + $1.task.queries.count },
            methods: shared.enumerated().map { index, name in
                EvaluationReport.Method(
                    method: name, recallAt1: bootstrap.estimate(3 * index),
                    recallAt5: bootstrap.estimate(3 * index + 1),
                    meanReciprocalRank: bootstrap.estimate(3 * index + 2),
                    againstWeighted: against(.weighted, index), againstBase: against(.base, index))
            })
    }

    private static func task(_ judged: JudgedTask, _ methods: [String]) -> EvaluationReport.Task {
        EvaluationReport.Task(
            name: judged.task.name, description: judged.task.description, family: judged.task.family,
            queries: judged.task.queries.count, pool: judged.task.pool.count, nearest: judged.nearest.name,
            proximity: Double(judged.nearest.proximity),
            figures: methods.compactMap { method in
                judged.rankings[method].map { ranking in
                    let figures = ranking.figures
                    return EvaluationReport.TaskFigures(
                        method: method, recallAt1: figures.recallAt1, recallAt5: figures.recallAt5,
                        meanReciprocalRank: figures.meanReciprocalRank)
                }
            })
    }
}
