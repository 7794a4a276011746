internal import ControlProtocol
internal import ErrorModel
internal import IntentQueue
internal import Logging
internal import ServiceLifecycle
internal import SystemdIntegration

/// Serves the socket, and says to systemd how far the daemon is.
struct ControlService: Service {
    let server: VarlinkServer
    let queue: IntentQueue
    let trainings: TrainingSupervisor
    let evaluations: EvaluationSupervisor
    let encoders: EncoderProvider
    let notifier: Notifier
    let status: StatusLine
    let logger: Logger
    let socket: String

    func run() async throws {
        logger.info(
            "serving", metadata: ["version": "\(SgloradRelease.version)", "socket": "\(socket)"])
        notifier.ready()
        status.phase("Serving")
        // Loaded before the first request needs it; a folder that is missing is said now and looked for again then.
        let warmUp = Task {
            do throws(SgloradError) {
                let encoder = try await encoders.loaded()
                logger.info("text encoder loaded", metadata: ["folder": "\(encoder.folder)"])
                status.trouble(nil)
            } catch {
                logger.warning("the text encoder cannot be loaded", metadata: ["error": "\(error)"])
                status.trouble(error.message)
            }
        }
        defer { warmUp.cancel() }
        try await withGracefulShutdownHandler {
            try await server.run()
        } onGracefulShutdown: {
            notifier.stopping()
            status.phase("Stopping")
            server.shutdown()
            Task {
                // Calls that wait for a training, an evaluation or a request would hold the socket open.
                await trainings.close()
                await evaluations.close()
                await queue.endWatches()
            }
        }
    }
}
