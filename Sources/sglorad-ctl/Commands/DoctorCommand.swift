internal import ArgumentParser
internal import Varlink

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Diagnose the installation, and mend what is safe.",
        discussion: """
            Checks everything that a request depends on: socket, permissions, folders, daemon, queue and library. Gives a \
            remedy for each problem. Exits with 1 if there is a problem.

            With --fix, mends what can be mended without loss, with your rights, and checks again: as root, starts the \
            socket's unit and makes the spool's folders; as root or the daemon's user, closes folders of the state \
            directory that others can read; as an administrator, rebuilds or quarantines damaged data and trains a \
            missing generator, which takes minutes. It deletes nothing, and says of everything else what to do.

              sglorad-ctl doctor --fix --dry-run
            """)

    @Flag(help: "Mend what is safe.")
    var fix = false

    @Flag(help: "With --fix, show what it would do, and do nothing.")
    var dryRun = false

    @OptionGroup var connection: Connection

    func validate() throws {
        if dryRun, !fix { throw ValidationError("'--dry-run' can only be used together with '--fix'.") }
    }

    func run() async throws {
        let output = Output(json: connection.json)
        var diagnosis = await Diagnosis.make(path: connection.path)
        if fix {
            let mends = diagnosis.possibleMends
            if dryRun {
                diagnosis.mends = mends.map { Diagnosis.Outcome($0, .would) }
            } else {
                var outcomes: [Diagnosis.Outcome] = []
                for mend in mends { outcomes.append(await mend.carriedOut(path: connection.path)) }
                if !mends.isEmpty { diagnosis = await Diagnosis.make(path: connection.path) }
                diagnosis.mends = outcomes
            }
        }
        try output.emit(diagnosis) { $0.diagnosis(diagnosis) }
        let hasFailed = diagnosis.mends?.contains { $0.result == .failed } ?? false
        if hasFailed || diagnosis.findings.contains(where: { !$0.isWell }) {
            throw ExitCode(ExitStatus.failed.rawValue)
        }
    }
}

extension Report {
    /// What was mended, then the findings, then what can still be mended.
    fileprivate mutating func diagnosis(_ diagnosis: Diagnosis) {
        for outcome in diagnosis.mends ?? [] {
            switch outcome.result {
            case .would: line("would mend  \(outcome.subject): \(outcome.action)")
            case .done: line("mended  \(outcome.subject): \(outcome.action)")
            case .failed:
                warning("\(outcome.subject) was not mended (\(outcome.action)): \(outcome.reason ?? "")")
            }
        }
        if diagnosis.mends?.isEmpty == false { space() }
        for finding in diagnosis.findings {
            if finding.isWell {
                line("ok  \(finding.subject): \(finding.finding)")
            } else {
                warning("\(finding.subject): \(finding.finding) \(finding.remedy ?? "")")
            }
        }
        if let mends = diagnosis.mends {
            if mends.isEmpty { line("Nothing to mend.") }
        } else if !diagnosis.possibleMends.isEmpty {
            space()
            line(
                "\(Format.count(diagnosis.possibleMends.count, "thing")) can be mended: sglorad-ctl doctor --fix "
                    + "(with --dry-run, to see how)")
        }
    }
}
