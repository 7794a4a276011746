internal import Adaptation
internal import ErrorModel
internal import IntentQueue
internal import Logging
internal import ServiceLifecycle
internal import SystemdIntegration
internal import Varlink

/// Serves the socket and notifies systemd of the daemon's state: ready, serving, stopping.
struct SocketService: Service {
    let server: VarlinkServer
    let domain: Domain
    let foundations: Foundations
    /// The path that is logged.
    let socket: String

    func run() async throws {
        let (logger, notifier, status) = (foundations.logger, foundations.notifier, foundations.status)
        logger.info(
            "serving", metadata: ["version": "\(SgloradRelease.version)", "socket": "\(socket)"])
        notifier.ready()
        status.phase("Serving")
        // Preloads the encoder for the first request. A missing folder is reported now and searched for again
        // later.
        let warmUp = Task {
            do throws(SgloradError) {
                let encoder = try await domain.encoders.loaded()
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
                // Calls that wait for a training, an evaluation or a request would keep the socket from
                // draining.
                await domain.trainings.close()
                await domain.evaluations.close()
                await domain.queue.endWatches()
            }
        }
    }
}
