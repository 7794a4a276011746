internal import FoundationEssentials
internal import SgloradInterface

/// What a monitor knows: the daemon's last replies, and the last requests and adapters.
struct MonitorBoard: Sendable {
    /// Whether the daemon can be reached.
    enum Link: Sendable, Hashable {
        case connecting
        /// Since when; `returned` if it had been away before.
        case up(since: Date, returned: Bool)
        /// Since when, and why.
        case away(since: Date, why: String)
    }

    /// The figures that are asked for from time to time.
    struct Poll: Sendable {
        let cache: Methods.CacheStatistics.Reply
        let figures: MonitorFigures
        let adapters: [Wire.Adapter]
    }

    /// How many requests are remembered.
    static let requestLimit = 64
    /// How many answer times are remembered.
    static let timeLimit = 256

    let path: String
    private(set) var link = Link.connecting
    private(set) var status: Methods.Status.Reply?
    private(set) var health: Wire.Health?
    private(set) var poll: Poll?
    /// The last requests, the one that changed last first.
    private(set) var requests: [Wire.QueuedRequest] = []
    /// How long the last answers took from the worker's taking the request to its end, in seconds, the newest last.
    private(set) var answerTimes: [Double] = []
    private var running: [String: ContinuousClock.Instant] = [:]

    init(path: String) { self.path = path }

    /// The daemon answers.
    mutating func connected(_ status: Methods.Status.Reply, _ requests: [Wire.QueuedRequest], at now: Date) {
        link = .up(since: now, returned: self.status != nil)
        self.status = status
        self.requests = Array(requests.prefix(Self.requestLimit))
        running = [:]
        health = Wire.Health(
            state: status.state, conditions: status.conditions, queue: status.queue,
            training: status.training)
    }

    /// The daemon cannot be reached any more.
    mutating func lost(_ why: String, at now: Date) {
        // The time counts from the first failure.
        if case .away(let since, _) = link {
            link = .away(since: since, why: why)
        } else {
            link = .away(since: now, why: why)
        }
        running = [:]
    }

    mutating func polled(_ poll: Poll) { self.poll = poll }

    /// A reply of `Monitor`.
    ///
    /// - Parameter instant: when it arrived, from which answer times are measured.
    mutating func changed(_ reply: Methods.Monitor.Reply, at instant: ContinuousClock.Instant = .now) {
        if let health = reply.health { self.health = health }
        guard let request = reply.request else { return }
        requests.removeAll { $0.requestId == request.requestId }
        requests.insert(request, at: 0)
        if requests.count > Self.requestLimit { requests.removeLast() }
        if request.finishedAt != nil {
            guard let began = running.removeValue(forKey: request.requestId) else { return }
            let took = instant - began
            answerTimes.append(Double(took.components.seconds) + Double(took.components.attoseconds) * 1e-18)
            if answerTimes.count > Self.timeLimit { answerTimes.removeFirst() }
        } else if request.state == "running" {
            if running[request.requestId] == nil { running[request.requestId] = instant }
        } else {
            running[request.requestId] = nil
        }
    }

    /// The answer time that a share of the remembered ones does not exceed; nil if there are none.
    func answerTime(quantile: Double) -> Double? {
        guard !answerTimes.isEmpty else { return nil }
        let sorted = answerTimes.sorted()
        return sorted[min(sorted.count - 1, Int((quantile * Double(sorted.count)).rounded(.up)) - 1)]
    }
}
