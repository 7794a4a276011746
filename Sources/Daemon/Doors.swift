internal import Adaptation
internal import Control
internal import ErrorModel
internal import Logging
internal import Spool
internal import SystemdIntegration
internal import Varlink

/// The daemon's entry points: the varlink socket and the spool, which is scanned once before the daemon
/// reports ready.
struct Doors: Sendable {
    let server: VarlinkServer

    /// Binds the socket and takes in the files that are in the spool.
    ///
    /// - Throws: `alreadyExists` if another daemon serves the socket, `invalidRequest` for an unusable path,
    ///   `storageFailure`.
    init(
        _ options: DaemonOptions, _ domain: Domain, _ access: Access, _ foundations: Foundations
    ) async throws(SgloradError) {
        let interface = ControlInterface.make(
            domain, access: access, computations: max(1, options.workers - 1))
        let logger = foundations.logger
        let server = VarlinkServer(
            address: try Self.address(options, group: access.policy.users),
            information: ServiceInformation(
                vendor: SgloradRelease.vendor, product: "sglorad", version: SgloradRelease.version,
                url: SgloradRelease.url),
            interfaces: [interface], limits: options.limits, peers: access.peers
        ) { method, error in
            logger.error("A call failed.", metadata: ["method": "\(method)", "error": "\(error)"])
        }
        SocketMetrics(domain.metrics.registry).observe { server.counters }
        try await server.bind()
        self.server = server
        foundations.start.begin("Taking in the spool")
        _ = await domain.spool?.takeIn()
    }

    /// The socket that systemd passed, or the configured path.
    private static func address(
        _ options: DaemonOptions, group: UInt32?
    ) throws(SgloradError) -> ListenAddress {
        let passed = try SocketActivation.descriptors()
        guard passed.count <= 1 else {
            throw .invalidRequest(
                field: "LISTEN_FDS",
                reason: "passes \(passed.count) sockets; sglorad.socket must pass exactly one")
        }
        return passed.first.map { .descriptor($0.descriptor) }
            ?? .path(options.socket, mode: 0o660, group: group)
    }
}
