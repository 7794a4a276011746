internal import ErrorModel
internal import Executors
internal import Files
internal import Privacy
internal import TextEncoding

/// Encodes the texts of requests and of callers, together with what else is waiting, in turns between users.
///
/// The weights are read once for a whole batch. A text's embedding does not depend on the texts beside it, to the bit.
struct JointEncoding: Sendable {
    /// Texts to encode together, by one encoder.
    private struct Order: Sendable {
        let encoder: SentenceEncoder
        let texts: Texts
    }

    private enum Texts {
        case whole(PrivateText)
        case tokenized([TokenizedText])
    }

    /// The most tokens of a batch, unless it is one longer text: enough for the kernels to be as fast as they get, and
    /// some ten milliseconds of work.
    static let tokensLimit = 128
    /// A text has about one token for so many bytes.
    private static let bytesPerToken = 3

    private let turns: JointTurns<Order, [Encoding]>

    /// - Parameter threads: how many batches are computed at a time.
    init(threads: Int) {
        turns = JointTurns(threads: threads, limit: Self.tokensLimit, compute: Self.encode)
    }

    /// Encodes one text.
    ///
    /// - Throws: as ``TextEncoding/SentenceEncoder/encode(_:adapter:)``; `cancelled` if the task was cancelled before the
    ///   text's turn came.
    func encode(
        _ text: PrivateText, by encoder: SentenceEncoder, for user: UserID
    ) async throws(SgloradError) -> Encoding {
        guard let result = await encode([(text, user)], by: encoder).first else {
            throw .internal("a text has no encoding")
        }
        return try result.get()
    }

    /// Encodes texts of several users, which stand in line at the same time.
    ///
    /// - Returns: of each, in order, its encoding, or the error as of ``encode(_:by:for:)``.
    func encode(
        _ texts: [(text: PrivateText, user: UserID)], by encoder: SentenceEncoder
    ) async -> [Result<Encoding, SgloradError>] {
        let jobs = texts.map { text, user in
            JointTurns<Order, [Encoding]>.Job(
                Order(encoder: encoder, texts: .whole(text)),
                cost: min(encoder.maximumTokens, text.byteCount / Self.bytesPerToken + 2), for: user.rawValue)
        }
        return await turns.run(jobs).map { result in
            result.flatMap { $0.first.map { .success($0) } ?? .failure(.internal("a text has no encoding")) }
        }
    }

    /// Encodes texts that belong together: at most ``tokensLimit`` tokens, or one longer text.
    ///
    /// - Throws: as ``encode(_:by:for:)``.
    func encode(
        _ texts: [TokenizedText], by encoder: SentenceEncoder, for user: UserID
    ) async throws(SgloradError) -> [Encoding] {
        try await turns.run(
            Order(encoder: encoder, texts: .tokenized(texts)),
            cost: texts.reduce(0) { $0 + $1.ids.count }, for: user.rawValue)
    }

    /// Stops the threads once they are idle.
    func shutdown() async { await turns.shutdown() }

    private static func encode(_ orders: [Order]) -> [Result<[Encoding], SgloradError>] {
        var results = [Result<[Encoding], SgloradError>?](repeating: nil, count: orders.count)
        // There is more than one encoder only while it is being replaced.
        for (_, places) in Dictionary(grouping: orders.indices, by: { ObjectIdentifier(orders[$0].encoder) })
        {
            let texts = places.map { tokens(of: orders[$0]) }
            do throws(SgloradError) {
                var encodings = try orders[places[0]].encoder.encode(texts.flatMap { $0 })[...]
                for (place, own) in zip(places, texts) {
                    results[place] = .success(Array(encodings.prefix(own.count)))
                    encodings = encodings.dropFirst(own.count)
                }
            } catch {
                // A text that cannot be encoded concerns only those who sent it.
                for (place, own) in zip(places, texts) { results[place] = alone(own, orders[place].encoder) }
            }
        }
        return results.map { $0 ?? .failure(.internal("a text was not encoded")) }
    }

    private static func alone(
        _ texts: [TokenizedText], _ encoder: SentenceEncoder
    ) -> Result<[Encoding], SgloradError> {
        do throws(SgloradError) { return .success(try encoder.encode(texts)) } catch {
            return .failure(error)
        }
    }

    private static func tokens(of order: Order) -> [TokenizedText] {
        switch order.texts {
        case .whole(let text): [order.encoder.tokenize(text.revealed)]
        case .tokenized(let texts): texts
        }
    }
}
