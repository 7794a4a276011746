internal import Adaptation
internal import ErrorModel
internal import ExpertLibrary
internal import SgloradInterface
internal import Varlink

/// Methods for published adapters.
extension ControlHandler {
    func listAdapters(_ call: Methods.ListAdapters.Call) async throws -> Methods.ListAdapters.Reply {
        let caller = caller(call)
        let (found, more) = try await page(for: caller, call.parameters.limit) { limit in
            try await domain.belongings.adapters(
                for: caller, base: call.parameters.base, label: call.parameters.label, limit: limit)
        }
        return .init(adapters: try found.map { try Wire.Adapter($0, in: domain.store) }, more: more)
    }

    func getAdapter(_ call: Methods.GetAdapter.Call) async throws -> Methods.GetAdapter.Reply {
        let record = try await domain.belongings.usedAdapter(call.parameters.adapterId, for: caller(call))
        return .init(adapter: try Wire.Adapter(record, in: domain.store))
    }

    func readAdapter(_ stream: Methods.ReadAdapter.Stream) async throws {
        let record = try await domain.belongings.adapter(
            stream.parameters.adapterId, for: caller(stream.call))
        let names = record.files.map(\.name)
        let wanted = names.filter { stream.parameters.file == nil || stream.parameters.file == $0 }
        guard !wanted.isEmpty else {
            throw SgloradError.notFound(
                "file", stream.parameters.file ?? "",
                remedy: "The adapter has \(names.joined(separator: ", ")).")
        }
        try await domain.belongings.using(record) {
            for name in wanted {
                let file = domain.belongings.file(name, of: record)
                try await file.send(to: stream, ending: name == wanted.last) { offset, chunk, last in
                    .init(file: name, offset: offset, chunk: chunk, last: last)
                }
            }
        }
    }

    func pinAdapter(_ call: Methods.PinAdapter.Call) async throws -> Methods.PinAdapter.Reply {
        let pinned = try await domain.belongings.pinAdapter(
            call.parameters.adapterId, call.parameters.pinned, for: caller(call))
        return .init(adapter: try Wire.Adapter(pinned, in: domain.store))
    }

    func removeAdapter(_ call: Methods.RemoveAdapter.Call) async throws -> Methods.RemoveAdapter.Reply {
        try await domain.belongings.removeAdapter(call.parameters.adapterId, for: caller(call))
        return .init()
    }

    func publishAdapter(_ call: Methods.PublishAdapter.Call) async throws -> Methods.PublishAdapter.Reply {
        let receipt = try await domain.publication.publish(
            call.parameters.adapterId, as: call.parameters.name, for: caller(call))
        return .init(
            adapter: try Wire.Adapter(receipt.adapter, in: domain.store), name: receipt.name,
            replaced: receipt.replaced?.id, servers: receipt.servers.map(\.rawValue),
            notes: receipt.notes.isEmpty ? nil : receipt.notes)
    }

    func unpublishAdapter(
        _ call: Methods.UnpublishAdapter.Call
    ) async throws -> Methods.UnpublishAdapter.Reply {
        let (adapter, name) = try await domain.publication.unpublish(
            call.parameters.adapterId, for: caller(call))
        return .init(adapter: try Wire.Adapter(adapter, in: domain.store), name: name)
    }
}
