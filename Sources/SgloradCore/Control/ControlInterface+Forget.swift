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
            let found = try await belongings(id, for: call.peer)
            guard let uid = found.requests.first?.uid ?? found.adapters.first?.uid else {
                throw Self.noRequest(id)
            }
            return try await eraser.erase(of: uid) { () async throws(SgloradError) in found }
        }
        let label = parameters.label
        return try await eraser.erase(
            of: owner, label: label, all: parameters.all == true
        ) { () async throws(SgloradError) in
            (
                try await queue.everything(of: owner, label: label),
                try await cache.adapters(uid: owner, label: label)
            )
        }
    }

    /// A request and its adapter, of which either may be gone already; another user's are as good as not there.
    private func belongings(
        _ id: String, for peer: Peer
    ) async throws(SgloradError) -> Eraser.Belongings {
        func isSeen(_ uid: Int) -> Bool { isAdministrator(peer) || uid == Int(peer.uid) }
        let request = try await queue.request(id)
        let adapter = try await cache.adapter(request: id)
        return (
            request.map { isSeen($0.uid) ? [$0] : [] } ?? [], adapter.map { isSeen($0.uid) ? [$0] : [] } ?? []
        )
    }
}
