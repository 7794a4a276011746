import LlamaServer

extension FuzzTarget {
    /// Replies of llama-server: the same bytes mean the same, however they arrive.
    static let http = FuzzTarget(name: "http") { bytes in
        let limit = 4096
        func reply(inPiecesOf size: Int) -> HTTPReply? {
            var reply = HTTPReply(limit: limit)
            do {
                for start in stride(from: 0, to: bytes.count, by: size) {
                    try reply.read(Array(bytes[start..<min(start + size, bytes.count)]))
                    precondition(reply.body.count <= limit, "a body is longer than allowed")
                }
                try reply.end()
                return reply
            } catch {
                return nil
            }
        }
        let (whole, single) = (reply(inPiecesOf: max(1, bytes.count)), reply(inPiecesOf: 1))
        guard let whole, let single else {
            precondition(whole == nil && single == nil, "the pieces decide whether a reply is valid")
            return
        }
        precondition(whole.isComplete && single.isComplete && (200...599).contains(whole.status))
        precondition(whole.status == single.status && whole.body == single.body)
    }
}
