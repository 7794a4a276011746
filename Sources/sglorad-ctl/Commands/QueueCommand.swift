internal import ArgumentParser
internal import SgloradInterface

struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "List, inspect, cancel and retry requests.",
        subcommands: [
            QueueListCommand.self, QueueShowCommand.self, QueueCancelCommand.self, QueueRetryCommand.self,
        ])
}

extension Report {
    /// All fields of a request.
    mutating func request(_ request: Wire.QueuedRequest) {
        fields([
            ("request", request.requestId),
            ("state", Self.state(request)),
            ("base", request.base),
            ("label", request.label),
            ("owner", request.uid.map { "uid \($0)" }),
            ("submitted", request.submittedAt),
            ("finished", request.finishedAt),
            ("attempts", request.attempts.map(String.init)),
            ("adapter", request.adapterId),
            ("failure", request.failure),
        ])
    }

    /// A table of requests, with a column for the owner if the daemon names one.
    mutating func requests(_ requests: [Wire.QueuedRequest]) {
        let owners = requests.contains { $0.uid != nil }
        var table = Table(
            [.left("REQUEST"), .left("STATE"), .left("BASE")] + (owners ? [.right("UID")] : [])
                + [.left("SUBMITTED"), .left("FINISHED"), .left("ADAPTER"), .left("LABEL")])
        for request in requests {
            table.add(
                [request.requestId, Self.state(request), request.base]
                    + (owners ? [request.uid.map(String.init) ?? ""] : [])
                    + [
                        request.submittedAt, request.finishedAt ?? "", request.adapterId ?? "",
                        request.label ?? "",
                    ])
        }
        self.table(table, orIfEmpty: "There are no requests.")
    }

    /// A request's state, with its stage and a pending cancellation.
    private static func state(_ request: Wire.QueuedRequest) -> String {
        let stage = request.stage.map { ": \($0)" } ?? ""
        return request.state + stage + (request.calledOff == true ? ", cancelling" : "")
    }
}
