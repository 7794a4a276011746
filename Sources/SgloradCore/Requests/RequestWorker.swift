internal import ErrorModel
internal import ExpertCache
internal import IntentQueue
internal import Logging
internal import ServiceLifecycle

/// Takes requests from the queue and answers them, one at a time, until the daemon stops; what it is at by then it ends, or
/// gives back.
struct RequestWorker: Service {
    let queue: IntentQueue
    let pipeline: AdapterPipeline
    let logger: Logger

    func run() async throws {
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            do {
                if let (request, intent) = try await queue.take() {
                    await process(request, intent)
                    continue
                }
            } catch {
                logger.error("the queue cannot be read", metadata: ["error": "\(error)"])
                // A disk that is full or gone does not come back sooner for being asked without pause.
                try? await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(1)) }
                continue
            }
            await cancelWhenGracefulShutdown { await queue.waitForWork() }
        }
    }

    private func process(_ request: QueuedRequest, _ intent: QueuedIntent) async {
        let start = ContinuousClock.now
        let outcome: Result<AdapterRecord, SgloradError>
        do throws(SgloradError) {
            outcome = .success(
                try await pipeline.answer(request, intent) { await queue.report($0, of: request) })
        } catch {
            outcome = .failure(error)
        }
        // Not a child: the last commit must not be cut off by a shutdown that is running out of patience.
        await Task {
            do {
                try await finish(request, outcome)
                let elapsed = "\(ContinuousClock.now - start)"
                logger.info(
                    "request ended",
                    metadata: [
                        "request": "\(request.id)", "outcome": "\(Self.name(outcome))", "took": "\(elapsed)",
                    ])
            } catch {
                logger.error(
                    "a request's end cannot be written; it will be answered again after the next start",
                    metadata: ["request": "\(request.id)", "error": "\(error)"])
            }
        }.value
    }

    private func finish(
        _ request: QueuedRequest, _ outcome: Result<AdapterRecord, SgloradError>
    ) async throws(SgloradError) {
        switch outcome {
        case .success(let adapter):
            try await queue.finish(request.id, as: .done, adapter: adapter.id)
        case .failure(let error) where error.code == .cancelled:
            try await queue.giveBack(request.id)
        case .failure(let error):
            try await queue.finish(
                request.id, as: error.code == .noRelevantExpert ? .refused : .failed,
                failure: try WireJSON.string(error))
        }
    }

    private static func name(_ outcome: Result<AdapterRecord, SgloradError>) -> String {
        switch outcome {
        case .success(let adapter): adapter.id
        case .failure(let error): error.code.name
        }
    }
}
