internal import ExpertCache
internal import Logging

extension CacheProblem {
    /// Says in the log what was found, what was done about it, and what is left to do.
    func log(repaired: Bool, to logger: Logger) {
        logger.error(
            "\(name): \(path) \(finding)",
            metadata: ["done": "\(repaired ? repair ?? "nothing" : "nothing")", "remedy": "\(remedy)"])
    }
}
