import ControlProtocol

extension Report {
    /// One request, field by field.
    mutating func request(_ request: Wire.Request) {
        fields([
            ("request", request.requestId),
            ("state", Self.state(request)),
            ("base", request.base),
            ("label", request.label),
            ("owner", request.uid.map { "uid \($0)" }),
            ("submitted", request.submittedAt),
            ("ended", request.finishedAt),
            ("attempts", request.attempts.map(String.init)),
            ("adapter", request.adapterId),
            ("failure", request.failure),
        ])
    }

    /// Requests in a table; whose they are, where the daemon says it.
    mutating func requests(_ requests: [Wire.Request]) {
        let owners = requests.contains { $0.uid != nil }
        var table = Table(
            [.left("REQUEST"), .left("STATE"), .left("BASE")] + (owners ? [.right("UID")] : [])
                + [.left("SUBMITTED"), .left("ENDED"), .left("ADAPTER"), .left("LABEL")])
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

    /// A request's state, with what is known beyond it.
    private static func state(_ request: Wire.Request) -> String {
        let stage = request.stage.map { ": \($0)" } ?? ""
        return request.state + stage + (request.calledOff == true ? ", called off" : "")
    }
}
