internal import ArgumentParser
internal import ErrorModel
internal import Glibc
internal import SgloradInterface
internal import Varlink

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Diagnose the installation: socket, permissions, daemon, queue and library.",
        discussion: """
            Checks everything that a request depends on, and gives a remedy for each problem. Exits with 1 if there is a \
            problem.
            """)

    @OptionGroup var connection: Connection

    func run() async throws {
        let output = Output(json: connection.json)
        let diagnosis = await Diagnosis.make(path: connection.path)
        try output.emit(diagnosis) { report in
            for finding in diagnosis.findings {
                if finding.isWell {
                    report.line("ok  \(finding.subject): \(finding.finding)")
                } else {
                    report.warning("\(finding.subject): \(finding.finding) \(finding.remedy ?? "")")
                }
            }
        }
        if diagnosis.findings.contains(where: { !$0.isWell }) { throw ExitCode(ExitStatus.failed.rawValue) }
    }
}

/// The checks of `doctor`, in order; checks that depend on a failed one are skipped.
///
/// The property names are the keys of the JSON output.
struct Diagnosis: Codable, Sendable {
    /// The result of one check.
    struct Finding: Codable, Sendable {
        var subject: String
        var isWell: Bool
        var finding: String
        /// What to do; nil if there is no problem, or the finding says it.
        var remedy: String?
    }

    private(set) var findings: [Finding] = []

    /// Checks the socket at a path, the daemon that listens on it, and what the daemon reports about itself.
    static func make(path: String) async -> Diagnosis {
        var diagnosis = Diagnosis()
        let client: VarlinkClient
        do {
            client = try await VarlinkClient.connect(path: path)
        } catch {
            diagnosis.problem("socket", Failure(error).message, nil)
            return diagnosis
        }
        diagnosis.ok("socket", "a daemon listens on \(path)")
        do {
            try await diagnosis.check(client)
        } catch {
            diagnosis.problem(
                "answer", Failure(error).message, "See the daemon's log: journalctl -u sglorad.")
        }
        await client.close()
        return diagnosis
    }

    private mutating func check(_ client: VarlinkClient) async throws {
        let status: Methods.Status.Reply
        do {
            status = try await client.call(Methods.Status.self, .init())
        } catch let error as VarlinkError where error.name.hasSuffix("PermissionDenied") {
            problem(
                "permission", "you (uid \(getuid())) are not a user of the daemon.",
                "Join the group: adduser USER sglorad-users, then log in again.")
            return
        }
        ok("permission", "you may make requests")
        if status.version == SgloradRelease.version {
            ok("version", status.version)
        } else {
            problem(
                "version",
                "the daemon's version is \(status.version), but this program's is \(SgloradRelease.version).",
                "Restart the daemon: systemctl restart sglorad.")
        }
        if let encoder = status.encoder { ok("text encoder", "\(encoder.name) from \(encoder.folder)") }
        for condition in status.conditions { problem(condition.name, condition.message, condition.remedy) }
        let queue = status.queue
        ok("queue", "\(queue.queued) queued, \(queue.running) running")
        if queue.failed > 0 {
            problem(
                "failed requests", "\(Format.count(queue.failed, "request")) failed.",
                "List them with 'sglorad-ctl queue list --state failed'; requeue one with 'queue retry ID'.")
        }
        try await checkLibraries(client)
    }

    private mutating func checkLibraries(_ client: VarlinkClient) async throws {
        let bases = try await client.call(Methods.ListBases.self, .init()).bases
        if bases.isEmpty {
            problem("library", "there is no base model.", "Import experts: sglorad-ctl expert import DIR.")
        }
        for base in bases {
            if base.experts == 0 {
                problem(
                    "library of \(base.name)", "it has no experts.",
                    "Import experts: sglorad-ctl expert import DIR.")
                continue
            }
            ok("library of \(base.name)", "\(Format.count(base.experts, "expert")), rank \(base.rank)")
            let generators = try await client.call(Methods.ListGenerators.self, .init(base: base.name))
                .generators
            if let serving = generators.first(where: { $0.state != "disabled" }) {
                ok("generator of \(base.name)", "\(serving.generatorId), \(serving.state)")
            } else if generators.isEmpty, base.experts > 1 {
                ok(
                    "generator of \(base.name)",
                    "none; requests merge the nearest experts (train one with 'generator train')")
            }
        }
    }

    private mutating func ok(_ subject: String, _ finding: String) {
        findings.append(Finding(subject: subject, isWell: true, finding: finding))
    }

    private mutating func problem(_ subject: String, _ finding: String, _ remedy: String?) {
        findings.append(Finding(subject: subject, isWell: false, finding: finding, remedy: remedy))
    }
}
