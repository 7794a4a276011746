internal import ControlProtocol
internal import ErrorModel
internal import ExpertCache
internal import Foundation
internal import IntentQueue

/// What was asked for, erased on its owner's word.
extension ControlInterface {
    func forget(
        _ parameters: Methods.Forget.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.Forget.Reply {
        let chosen = [parameters.requestId != nil, parameters.label != nil, parameters.all == true]
        guard chosen.count(where: { $0 }) == 1 else {
            throw SgloradError.invalidRequest(
                field: "requestId", reason: "or label or all must be given, and one of them alone")
        }
        let owner = parameters.uid ?? Int(call.peer.uid)
        guard owner == Int(call.peer.uid) || isAdministrator(call.peer) else {
            throw VarlinkError.permissionDenied
        }
        if let id = parameters.requestId {
            let (requests, adapters) = try await belongings(id, for: call.peer)
            guard let uid = requests.first?.uid ?? adapters.first?.uid else { throw Self.noRequest(id) }
            return try await eraser.erase(requests, adapters, of: uid, label: nil, all: false)
        }
        return try await eraser.erase(
            try await queue.everything(of: owner, label: parameters.label),
            try await cache.adapters(uid: owner, label: parameters.label), of: owner, label: parameters.label,
            all: parameters.all == true)
    }

    /// A request and its adapter, of which either may be gone already; another user's are as good as not there.
    private func belongings(
        _ id: String, for peer: Peer
    ) async throws(SgloradError) -> (requests: [QueuedRequest], adapters: [AdapterRecord]) {
        func isSeen(_ uid: Int) -> Bool { isAdministrator(peer) || uid == Int(peer.uid) }
        let request = try await queue.request(id)
        let adapter = try await cache.adapter(request: id)
        return (
            request.map { isSeen($0.uid) ? [$0] : [] } ?? [], adapter.map { isSeen($0.uid) ? [$0] : [] } ?? []
        )
    }
}
