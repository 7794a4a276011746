internal import LinearAlgebra

/// The task vector of examples: what a task's texts and answers look like to the frozen base model.
///
/// h = [q̄; ā; f]: the mean embedding of the texts, that of the answers, and 1 if there are answers; without answers ā is 0 and
/// f is 0. ICM-LoRA (arXiv 2501.17635) takes the last hidden state of the model with the task's own adapter; here it is the
/// frozen base's, since a new task has no adapter yet.
public struct TaskVector: Sendable, Hashable {
    /// q̄: the mean of the texts' unit embeddings, d numbers.
    let texts: [Float]
    /// ā: the mean of the answers' unit embeddings, d numbers; nil without answers.
    let answers: [Float]?

    /// Makes the vector of examples.
    ///
    /// - Parameters:
    ///   - texts: the unit embeddings of the examples' texts, at least one.
    ///   - answers: those of the answers that are known.
    public init(texts: [[Float]], answers: [[Float]]) {
        self.texts = Self.mean(texts)
        self.answers = answers.isEmpty ? nil : Self.mean(answers)
    }

    private static func mean(_ vectors: [[Float]]) -> [Float] {
        var mean = [Float](repeating: 0, count: vectors.first?.count ?? 0)
        for vector in vectors {
            for place in mean.indices { mean[place] += vector[place] }
        }
        return mean.map { $0 / Float(max(1, vectors.count)) }
    }
}

/// The embeddings of a task's examples with their answers under the frozen base.
public struct ExpertExamples: Sendable {
    /// The texts' unit embeddings.
    public let texts: [[Float]]
    /// The answers' unit embeddings, in the order of ``texts``.
    public let answers: [[Float]]

    /// Creates the embeddings of examples, one answer for each text.
    public init(texts: [[Float]], answers: [[Float]]) {
        precondition(texts.count == answers.count && !texts.isEmpty, "one answer for each text")
        self.texts = texts
        self.answers = answers
    }

    /// The most examples of an expert that a training encodes, the first ones.
    public static let most = 64

    /// The vector of all examples with their answers.
    public var whole: TaskVector { TaskVector(texts: texts, answers: answers) }

    /// The vector of a random subset, of which half of the draws have no answers.
    ///
    /// - Parameter counts: the smallest and the largest subset; all examples if there are fewer.
    func drawn(_ counts: ClosedRange<Int>, _ random: inout CounterRandom) -> TaskVector {
        let wanted = counts.lowerBound + random.below(counts.count)
        let places = random.permutation(texts.count).prefix(wanted)
        let isAnswered = random.uniform() < 0.5
        return TaskVector(
            texts: places.map { texts[$0] }, answers: isAnswered ? places.map { answers[$0] } : [])
    }
}

/// The task vectors of a library's experts, by which others are compared and standardised.
struct TaskVectors: Sendable {
    /// For each expert the vector of all its examples.
    let experts: [TaskVector]
    /// The mean and the standard deviation over the experts, of q̄ and then ā, 2d numbers each.
    private let centre: [Float]
    private let deviation: [Float]

    /// - Parameter experts: at least one, all with answers.
    init(_ experts: [TaskVector]) {
        let rows = experts.map { $0.texts + ($0.answers ?? []) }
        let count = Float(rows.count)
        var centre = [Float](repeating: 0, count: rows.first?.count ?? 0)
        for row in rows {
            for place in centre.indices { centre[place] += row[place] / count }
        }
        var variance = [Float](repeating: 0, count: centre.count)
        for row in rows {
            for place in centre.indices {
                let distance = row[place] - centre[place]
                variance[place] += distance * distance / count
            }
        }
        self.experts = experts
        self.centre = centre
        // A component that hardly varies over the experts says nothing, and is not blown up.
        let mean = (variance.reduce(0, +) / Float(max(1, variance.count))).squareRoot()
        deviation = variance.map { max($0.squareRoot(), mean / 4, Self.leastDeviation) }
    }

    /// The least deviation by which components are divided, for experts whose examples are all alike; that of embeddings is
    /// some hundredths.
    private static let leastDeviation: Float = 1e-3

    /// Restores the vectors from the means of the experts' texts and answers, `[experts, d]` each.
    init(texts: Matrix, answers: Matrix) {
        self.init(
            (0..<texts.rows).map { TaskVector(texts: [texts.row($0)], answers: [answers.row($0)]) })
    }

    /// The means of the experts' texts, `[experts, d]`.
    var texts: Matrix { Matrix(stacking: experts.map(\.texts)) }
    /// The means of the experts' answers, `[experts, d]`.
    var answers: Matrix { Matrix(stacking: experts.map { $0.answers ?? [] }) }

    /// The number of numbers of ``condition(_:)``.
    var width: Int { centre.count + 1 }

    /// t: the standardised vector with its flag, 2d + 1 numbers; without answers their half is 0.
    func condition(_ vector: TaskVector) -> [Float] {
        let d = vector.texts.count
        let texts = vector.texts.indices.map { (vector.texts[$0] - centre[$0]) / deviation[$0] }
        let answers = (0..<d).map { place in
            vector.answers.map { ($0[place] - centre[d + place]) / deviation[d + place] } ?? 0
        }
        return texts + answers + [vector.answers == nil ? 0 : 1]
    }

    /// The cosine of a vector and each expert's after the centre was subtracted; the answers count where they are known.
    func proximities(to vector: TaskVector) -> [Float] {
        let own = centred(vector)
        return experts.map { expert in
            let other = centred(expert)
            var (product, one, two): (Float, Float, Float) = (0, 0, 0)
            for place in own.indices {
                product += own[place] * other[place]
                one += own[place] * own[place]
                two += other[place] * other[place]
            }
            let length = (one * two).squareRoot()
            return length > 1e-12 ? min(1, max(-1, product / length)) : 0
        }
    }

    private func centred(_ vector: TaskVector) -> [Float] {
        let values = vector.texts + (vector.answers ?? [])
        return values.indices.map { values[$0] - centre[$0] }
    }
}
