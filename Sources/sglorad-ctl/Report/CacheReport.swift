internal import SgloradInterface
internal import Varlink

/// What the daemon has stored and answered, as far as the caller may see it.
struct CacheReport: Codable, Sendable {
    /// How many requests took up to some time, in seconds, since the daemon started.
    struct AnswerTimes: Codable, Sendable {
        struct Bucket: Codable, Sendable {
            /// The upper bound in seconds; nil for what took longer than all bounds.
            let upTo: Double?
            let count: Int
        }

        let buckets: [Bucket]
        let count: Int
        let seconds: Double
    }

    var status: Methods.Status.Reply
    var statistics: Methods.CacheStatistics.Reply
    var bases: [Wire.Base]
    var experts: [Wire.Expert]
    var generators: [Wire.Generator]
    /// The newest adapters, at most a thousand.
    var adapters: [Wire.Adapter]
    /// The newest requests, at most a thousand.
    var requests: [Wire.QueuedRequest]
    /// Absent for users, and where the daemon has answered nothing since its start.
    var answers: AnswerTimes?

    /// Asks the daemon for everything.
    static func gather(_ client: VarlinkClient) async throws -> CacheReport {
        let most = 1000
        return CacheReport(
            status: try await client.call(Methods.Status.self, .init()),
            statistics: try await client.call(Methods.CacheStatistics.self, .init()),
            bases: try await client.call(Methods.ListBases.self, .init()).bases,
            experts: try await client.call(Methods.ListExperts.self, .init()).experts,
            generators: try await client.call(Methods.ListGenerators.self, .init()).generators,
            adapters: try await client.call(Methods.ListAdapters.self, .init(limit: most)).adapters,
            requests: try await client.call(Methods.ListRequests.self, .init(limit: most)).requests,
            answers: AnswerTimes(metrics: try await client.call(Methods.Metrics.self, .init()).text))
    }

    /// Whether it covers every user.
    var isOfEverybody: Bool { statistics.databaseBytes != nil }

    /// The user to whom an adapter belongs, as far as that is told.
    var owners: [String: Int] {
        let known = requests.compactMap { request in
            request.adapterId.flatMap { id in request.uid.map { (id, $0) } }
        }
        return Dictionary(known) { first, _ in first }
    }
}

extension CacheReport.AnswerTimes {
    /// Reads the histogram from metrics in the Prometheus text format; nil where there is none, or an empty one.
    init?(metrics text: String) {
        let name = "sglorad_answer_seconds"
        var (buckets, below, sum, count) = ([Bucket](), 0, 0.0, 0)
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]),
                value.isFinite, (0..<1e15).contains(value)
            else { continue }
            let series = line[..<space].dropFirst(name.count)
            if series.hasPrefix("_bucket{") {
                let bound = series.split(separator: "\"").dropFirst().first.flatMap { Double($0) }
                buckets.append(
                    Bucket(upTo: bound.flatMap { $0.isFinite ? $0 : nil }, count: max(0, Int(value) - below)))
                below = Int(value)
            } else if series == "_sum" {
                sum = value
            } else if series == "_count" {
                count = Int(value)
            }
        }
        guard count > 0, !buckets.isEmpty else { return nil }
        self.init(buckets: buckets, count: count, seconds: sum)
    }
}
