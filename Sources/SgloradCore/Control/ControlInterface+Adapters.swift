internal import ControlProtocol
internal import ErrorModel
internal import ExpertCache
internal import Foundation
internal import IntentQueue

extension ControlInterface {
    func listAdapters(
        _ parameters: Methods.ListAdapters.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.ListAdapters.Reply {
        let limit = try Self.limit(parameters.limit)
        let found = try await cache.adapters(
            uid: isAdministrator(call.peer) ? nil : Int(call.peer.uid), base: parameters.base,
            label: parameters.label, limit: limit + 1)
        return Methods.ListAdapters.Reply(
            adapters: try found.prefix(limit).map { try Wire.Adapter($0, in: cache) },
            more: found.count > limit ? true : nil)
    }

    func getAdapter(
        _ parameters: Methods.GetAdapter.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.GetAdapter.Reply {
        let record = try await adapter(parameters.adapterId, for: call.peer)
        try await cache.touch(record.id)
        return Methods.GetAdapter.Reply(adapter: try Wire.Adapter(record, in: cache))
    }

    func readAdapter(
        _ parameters: Methods.ReadAdapter.Parameters, _ call: VarlinkCall, _ replies: VarlinkReplies
    ) async throws {
        guard call.more else { throw VarlinkError.expectedMore }
        let record = try await adapter(parameters.adapterId, for: call.peer)
        let files = record.files.map(\.name).filter { parameters.file == nil || parameters.file == $0 }
        guard !files.isEmpty else {
            throw SgloradError.notFound(
                "file", parameters.file ?? "",
                remedy: "The adapter has \(record.files.map(\.name).joined(separator: ", ")).")
        }
        try await cache.using(record) {
            for name in files {
                let isLastFile = name == files.last
                try await FileStream(path: cache.folder(of: record) + "/" + name, pool: pool).forEach {
                    offset, chunk, last in
                    let ends = last && isLastFile
                    let reply = Methods.ReadAdapter.Reply(
                        file: name, offset: offset, chunk: chunk.base64EncodedString(),
                        last: ends ? true : nil
                    )
                    if ends { try await replies.finish(reply) } else { try await replies.send(reply) }
                }
            }
        }
    }

    /// An adapter that a peer may see; another user's is as good as not there.
    func adapter(_ id: String, for peer: Peer) async throws(SgloradError) -> AdapterRecord {
        guard let found = try await cache.adapter(id), isAdministrator(peer) || found.uid == Int(peer.uid)
        else {
            throw Self.noAdapter(id)
        }
        return found
    }
}

extension Wire.Adapter {
    init(_ record: AdapterRecord, in cache: ExpertCache) throws(SgloradError) {
        self.init(
            adapterId: record.id, base: record.base,
            digest: record.files.first { $0.name.hasSuffix(".safetensors") }?.digest ?? "",
            files: record.files.map { Wire.AdapterFile(name: $0.name, bytes: $0.bytes, digest: $0.digest) },
            bytes: record.bytes, path: cache.folder(of: record), label: record.label,
            createdAt: WireJSON.time(record.createdAt), truncated: record.truncated ? true : nil,
            pinned: record.isPinned ? true : nil,
            provenance: try WireJSON.decode(Wire.Provenance.self, record.provenance))
    }
}
