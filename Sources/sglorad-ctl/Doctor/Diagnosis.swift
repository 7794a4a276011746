internal import ErrorModel
internal import Glibc
internal import SgloradInterface
internal import Varlink

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
        /// What `--fix` does about it; nil if that is not for it to do, or not for the caller.
        var fix: String?
    }

    /// What `--fix` did.
    struct Outcome: Codable, Sendable {
        enum Result: String, Codable, Sendable {
            case would
            case done
            case failed
        }

        var subject: String
        var action: String
        var result: Result
        /// Why it failed.
        var reason: String?

        init(_ mend: Mend, _ result: Result, reason: String? = nil) {
            (subject, action) = (mend.subject, mend.action)
            (self.result, self.reason) = (result, reason)
        }
    }

    private enum CodingKeys: String, CodingKey {
        case findings, mends
    }

    private(set) var findings: [Finding] = []
    /// What `--fix` did, or would do; nil without `--fix`.
    var mends: [Outcome]?
    /// What `--fix` can do for this caller.
    private(set) var possibleMends: [Mend] = []

    /// Checks the socket at a path, the daemon that listens on it, and what the daemon reports about itself.
    static func make(path: String) async -> Diagnosis {
        var diagnosis = Diagnosis()
        let client: VarlinkClient
        do {
            client = try await VarlinkClient.connect(path: path)
        } catch {
            diagnosis.unreachable(path, Failure(error))
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

    /// No daemon answers: says how to start it, and mends what its unit and folders lack.
    private mutating func unreachable(_ path: String, _ failure: Failure) {
        let remedy = "Next, \(failure.remedy)."
        if failure.status == .unreachable, let unit = SocketUnit(listeningOn: path) {
            let mend = unit.isStartable && getuid() == 0 ? Mend.startSocketUnit : nil
            problem("socket", failure.message, "\(unit.finding) \(unit.remedy)", mend)
        } else {
            problem("socket", failure.message, remedy)
        }
        checkFolders(Diagnosis.defaultStateDirectory)
    }

    /// The folder of the unit that the package installs.
    static let defaultStateDirectory = "/var/lib/sglorad"

    /// Folders of the state directory that others can read or change; visible to root and the daemon's user only.
    private mutating func checkFolders(_ state: String) {
        for folder in StateFolder.open(in: state) {
            problem(
                "folder \(folder.path)",
                "its mode is \(folder.modeText), so that other users get at private files.",
                "Close it: \(folder.command).", .close(folder))
        }
    }

    private mutating func check(_ client: VarlinkClient) async throws {
        let status: Methods.Status.Reply
        do {
            status = try await client.call(Methods.Status.self, .init())
        } catch let error as VarlinkError where error.name.hasSuffix("PermissionDenied") {
            problem(
                "permission", "you (uid \(getuid())) are not a user of the daemon.",
                "Join the group: sudo adduser \(Remedy.userName) sglorad-users, then log in again.")
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
        let isAdministrator =
            try await client.call(Methods.CacheStatistics.self, .init()).databaseBytes != nil
        for condition in status.conditions {
            problem(
                condition.name, condition.message, condition.remedy,
                Mend(condition: condition, isAdministrator: isAdministrator))
        }
        checkFolders(status.stateDirectory)
        if let publishing = status.publishing, publishing.llamaServer != "pending" {
            ok("published names", Report.publishing(publishing))
        }
        let queue = status.queue
        ok("queue", "\(queue.queued) queued, \(queue.running) running")
        if queue.failed > 0 {
            problem(
                "failed requests", "\(Format.count(queue.failed, "request")) failed.",
                "List them with 'sglorad-ctl queue list --state failed'; requeue one with 'queue retry ID'.")
        }
        try await checkLibraries(client, isAdministrator: isAdministrator)
    }

    private mutating func checkLibraries(_ client: VarlinkClient, isAdministrator: Bool) async throws {
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
                    "none; requests merge the nearest experts (train one with 'generator train')",
                    isAdministrator && base.experts >= Mend.leastExperts ? .train(base: base.name) : nil)
            }
        }
    }

    private mutating func ok(_ subject: String, _ finding: String, _ mend: Mend? = nil) {
        add(Finding(subject: subject, isWell: true, finding: finding), mend)
    }

    private mutating func problem(
        _ subject: String, _ finding: String, _ remedy: String?, _ mend: Mend? = nil
    ) {
        add(Finding(subject: subject, isWell: false, finding: finding, remedy: remedy), mend)
    }

    private mutating func add(_ finding: Finding, _ mend: Mend?) {
        var finding = finding
        finding.fix = mend?.action
        findings.append(finding)
        // One verification mends all damage.
        if let mend, !possibleMends.contains(mend) { possibleMends.append(mend) }
    }
}
