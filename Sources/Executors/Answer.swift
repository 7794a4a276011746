internal import ErrorModel
internal import Synchronization

/// Resumes a continuation with the first of several results, in whatever order they and it arrive.
final class Answer<T: Sendable>: Sendable {
    private enum Stage {
        case open
        case awaited(CheckedContinuation<Result<T, SgloradError>, Never>)
        case given
    }

    private let stage = Mutex(Stage.open)

    /// Call it once, before any `give(_:)`.
    func await(_ continuation: CheckedContinuation<Result<T, SgloradError>, Never>) {
        stage.withLock { $0 = .awaited(continuation) }
    }

    func give(_ result: Result<T, SgloradError>) {
        let waiting = stage.withLock { stage in
            defer { stage = .given }
            return stage
        }
        if case .awaited(let continuation) = waiting { continuation.resume(returning: result) }
    }
}
