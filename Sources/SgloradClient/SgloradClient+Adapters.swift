internal import Executors
internal import Privacy
internal import SgloradInterface
internal import Varlink

/// Published adapters.
extension SgloradClient {
    /// Lists published adapters, newest first: the caller's own, or everybody's for administrators.
    ///
    /// - Parameters:
    ///   - base: only adapters for this base model.
    ///   - label: only adapters with this label.
    ///   - limit: the most to return, 1 to 1,000.
    /// - Throws: ``Failure``, `CancellationError`.
    public func adapters(
        for base: String? = nil, label: String? = nil, limit: Int = 100
    ) async throws -> [Adapter] {
        try await call(Methods.ListAdapters.self, .init(base: base, label: label, limit: limit)) {
            try $0.adapters.map { try Adapter($0) }
        }
    }

    /// Returns an adapter; this counts as a use of it.
    ///
    /// - Throws: ``Failure/notFound(_:)``; any other ``Failure``; `CancellationError`.
    public func adapter(_ id: String) async throws -> Adapter {
        try await call(Methods.GetAdapter.self, .init(adapterId: id)) { try Adapter($0.adapter) }
    }

    /// Pins an adapter, so that it is never evicted, or unpins it.
    ///
    /// - Throws: ``Failure/notFound(_:)``; any other ``Failure``; `CancellationError`.
    @discardableResult
    public func pin(_ id: String, _ isPinned: Bool = true) async throws -> Adapter {
        try await call(Methods.PinAdapter.self, .init(adapterId: id, pinned: isPinned)) {
            try Adapter($0.adapter)
        }
    }

    /// Publishes an adapter under a name to the box's model servers; another adapter of the same user that has the name loses it.
    ///
    /// - Parameters:
    ///   - id: the adapter.
    ///   - name: the name, without the user ID that most users' names begin with; nil for the adapter's label.
    /// - Returns: the adapter, whose ``Adapter/publishedAs`` is the whole name.
    /// - Throws: ``Failure/notFound(_:)``; any other ``Failure``; `CancellationError`.
    @discardableResult
    public func publish(_ id: String, as name: String? = nil) async throws -> Adapter {
        try await call(Methods.PublishAdapter.self, .init(adapterId: id, name: name)) {
            try Adapter($0.adapter)
        }
    }

    /// Takes an adapter's published name away.
    ///
    /// - Throws: ``Failure/notFound(_:)``; any other ``Failure``; `CancellationError`.
    @discardableResult
    public func unpublish(_ id: String) async throws -> Adapter {
        try await call(Methods.UnpublishAdapter.self, .init(adapterId: id)) { try Adapter($0.adapter) }
    }

    /// Removes an adapter: its record and its files.
    ///
    /// - Throws: ``Failure/notFound(_:)``; any other ``Failure``; `CancellationError`.
    public func removeAdapter(_ id: String) async throws {
        try await call(Methods.RemoveAdapter.self, .init(adapterId: id)) { _ in }
    }

    /// Writes an adapter's files to a new folder, which appears complete or not at all.
    ///
    /// The size and the SHA-256 of every file are compared with the adapter's record.
    ///
    /// - Parameters:
    ///   - adapter: the adapter.
    ///   - folder: the path of the new folder; an empty folder there is replaced, anything else is not. The folder around it
    ///     must exist.
    /// - Throws: ``Failure/notWritten(_:)`` if the folder cannot be made; ``Failure/unusableReply(_:)`` if the files are not
    ///   those of the record; any other ``Failure``; `CancellationError`. No folder is left then.
    public func export(_ adapter: Adapter, to folder: String) async throws {
        let disk = FileExecutor(label: "io.sglorad.client.export")
        let download = try await disk.run { try AdapterDownload(adapter.files, to: folder) }
        do {
            try await connected(within: timeout) { connection in
                for try await reply in connection.stream(
                    Methods.ReadAdapter.self, .init(adapterId: adapter.id))
                {
                    try await disk.run {
                        try download.accept(
                            reply.chunk, of: reply.file, at: reply.offset, isLast: reply.last ?? false)
                    }
                }
            }
            try await disk.run { try download.finish() }
        } catch {
            await disk.run { download.abandon() }
            throw error
        }
    }
}

/// Questions that change nothing.
extension SgloradClient {
    /// Shows what guidance sees for an intent, without generating anything.
    ///
    /// - Parameters:
    ///   - text: the task in plain words.
    ///   - base: the base model; needed only if the daemon knows several.
    ///   - topK: how many experts guide; the generator's own number by default.
    ///   - temperature: of the softmax over proximities; the generator's own by default.
    ///   - proximity: the measure of proximity; the generator's own by default.
    ///   - examples: of the task, at most 32, whose texts guide beside the text.
    /// - Throws: ``Failure``, `CancellationError`.
    public func explain(
        _ text: String, base: String? = nil, topK: Int? = nil, temperature: Double? = nil,
        proximity: ProximityMeasure? = nil, examples: [Example] = []
    ) async throws -> Explanation {
        try await call(
            Methods.Explain.self,
            .init(
                text: PrivateText(text), base: base, topK: topK, temperature: temperature,
                proximity: proximity?.rawValue, examples: examples.wire)
        ) { Explanation($0) }
    }

    /// Encodes texts with the text encoder.
    ///
    /// - Parameters:
    ///   - texts: up to 1,024 texts of at most 32,768 bytes each.
    ///   - adapterID: an adapter for the text encoder itself, to see its effect; nil for the encoder alone.
    /// - Returns: one embedding for each text, in the same order.
    /// - Throws: ``Failure``, `CancellationError`.
    public func encode(_ texts: [String], adapter adapterID: String? = nil) async throws -> [Embedding] {
        try await call(
            Methods.Encode.self, .init(texts: texts.map { PrivateText($0) }, adapterId: adapterID)
        ) { reply in
            guard reply.embeddings.count == texts.count else { throw Failure.unexpected }
            return reply.embeddings.map {
                Embedding(values: $0.values, tokens: $0.tokens, isTruncated: $0.truncated ?? false)
            }
        }
    }

    /// Returns the daemon's status.
    ///
    /// - Throws: ``Failure``, `CancellationError`.
    public func status() async throws -> Status {
        try await call(Methods.Status.self, .init()) { try Status($0) }
    }
}
