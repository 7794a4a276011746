import ControlProtocol
import Glibc

/// What `doctor` looks at, one thing after the other; what cannot be looked at for what went before is left out.
struct Examination: Codable, Sendable {
    /// One thing that was looked at.
    struct Finding: Codable, Sendable {
        var subject: String
        var isWell: Bool
        var finding: String
        /// What to do, where it is not well.
        var remedy: String?
    }

    private(set) var findings: [Finding] = []

    /// Looks at the socket, the daemon behind it, and what that says of itself.
    static func make(path: String) async -> Examination {
        var examination = Examination()
        let transport: VarlinkClient
        do {
            transport = try await VarlinkClient.connect(path: path)
        } catch {
            examination.ill("socket", Failure(error).message, nil)
            return examination
        }
        examination.well("socket", "a daemon answers at \(path)")
        let client = Client(transport: transport)
        do {
            try await examination.look(client)
        } catch {
            examination.ill(
                "answer", Failure(error).message, "Look at the daemon's log: journalctl -u sglorad.")
        }
        await transport.close()
        return examination
    }

    private mutating func look(_ client: Client) async throws {
        let status: Methods.Status.Reply
        do {
            status = try await client.call(Methods.Status.self, .init())
        } catch let error as VarlinkError where error.name.hasSuffix("PermissionDenied") {
            ill(
                "permission", "the daemon does not know you (uid \(getuid())) as a user.",
                "Ask for a place in the group: adduser USER sglorad-users, and log in again.")
            return
        }
        well("permission", "you may make requests")
        if status.version == SgloradRelease.version {
            well("version", status.version)
        } else {
            ill(
                "version", "the daemon is \(status.version), this program \(SgloradRelease.version).",
                "Restart the daemon: systemctl restart sglorad.")
        }
        if let encoder = status.encoder { well("text encoder", "\(encoder.name) from \(encoder.folder)") }
        for condition in status.conditions { ill(condition.name, condition.message, condition.remedy) }
        let queue = status.queue
        well("queue", "\(queue.queued) queued, \(queue.running) running")
        if queue.failed > 0 {
            ill(
                "failed requests", "\(queue.failed) requests have failed.",
                "'sglorad-ctl queue list --state failed' shows them, 'queue retry' tries one again.")
        }
        try await lookAtLibraries(client)
    }

    private mutating func lookAtLibraries(_ client: Client) async throws {
        let bases = try await client.call(Methods.ListBases.self, .init()).bases
        if bases.isEmpty {
            ill("library", "there is no base model yet.", "Import experts: sglorad-ctl expert import DIR.")
        }
        for base in bases {
            if base.experts == 0 {
                ill(
                    "library of \(base.name)", "it has no experts.",
                    "Import some: sglorad-ctl expert import DIR.")
                continue
            }
            well("library of \(base.name)", "\(Format.count(base.experts, "expert")) of rank \(base.rank)")
            let generators = try await client.call(Methods.ListGenerators.self, .init(base: base.name))
                .generators
            if let serving = generators.first(where: { $0.state != "disabled" }) {
                well("generator of \(base.name)", "\(serving.generatorId), \(serving.state)")
            } else if generators.isEmpty, base.experts > 1 {
                well(
                    "generator of \(base.name)",
                    "none; requests are merged from the nearest experts ('generator train' makes one)")
            }
        }
    }

    private mutating func well(_ subject: String, _ finding: String) {
        findings.append(Finding(subject: subject, isWell: true, finding: finding))
    }

    private mutating func ill(_ subject: String, _ finding: String, _ remedy: String?) {
        findings.append(Finding(subject: subject, isWell: false, finding: finding, remedy: remedy))
    }
}
