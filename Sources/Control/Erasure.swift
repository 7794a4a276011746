internal import Adaptation
internal import ErrorModel
internal import Files
internal import SgloradInterface
internal import Varlink

/// The method that erases requests and their adapters.
extension ControlHandler {
    func forget(_ call: Methods.Forget.Call) async throws -> Methods.Forget.Reply {
        let caller = caller(call)
        let receipt = try await domain.eraser.erase(try scope(call.parameters, caller), for: caller)
        return .init(
            requests: receipt.requests, adapters: receipt.adapters, results: receipt.results,
            files: receipt.files,
            left: receipt.left.isEmpty ? nil : receipt.left.map { .init(path: $0.path, reason: $0.reason) })
    }

    /// What a call of `Forget` selects: one request, a label, or everything of a user.
    private func scope(_ parameters: Methods.Forget.Parameters, _ caller: Caller) throws -> Eraser.Scope {
        let chosen = [parameters.requestId != nil, parameters.label != nil, parameters.all == true]
        guard chosen.count(where: { $0 }) == 1 else {
            throw SgloradError.invalidRequest(
                field: "requestId", reason: "or label or all must be given, and only one of them")
        }
        let number = parameters.uid ?? caller.uid.number
        guard caller.isAdministrator || number == caller.uid.number else {
            throw VarlinkError.permissionDenied
        }
        if let id = parameters.requestId { return .request(id) }
        guard let owner = UserID(exactly: number) else {
            throw SgloradError.invalidRequest(field: "uid", reason: "is \(number), which is not a user ID")
        }
        return parameters.label.map { .label($0, of: owner) } ?? .everything(of: owner)
    }
}
