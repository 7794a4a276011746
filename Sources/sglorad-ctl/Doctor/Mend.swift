internal import ErrorModel
internal import Glibc
internal import SgloradInterface
internal import Varlink

/// What `doctor --fix` can do: nothing is lost by it, and it can be done again.
enum Mend: Sendable, Hashable {
    /// Starts the socket's unit, now and at boot; for root.
    case startSocketUnit
    /// Makes the spool's folders as the package specifies; for root.
    case makeSpool
    /// Takes from others what they may do in a folder of the state directory; for root and its owner.
    case close(StateFolder)
    /// Rebuilds damaged data, or moves it into the quarantine; for administrators.
    case repair
    /// Trains the generator of a base model that has none that serves; for administrators.
    case train(base: String)

    /// With fewer experts there is nothing for a generator to learn.
    static let leastExperts = 2

    private static let tmpfiles = "/usr/lib/tmpfiles.d/sglorad.conf"

    /// What can be done about a condition of the daemon; nil if that is for a person to decide.
    init?(condition: Wire.Condition, isAdministrator: Bool) {
        if condition.name.hasPrefix("cache/"), isAdministrator {
            self = .repair
        } else if condition.name.hasPrefix("generator/"), isAdministrator {
            self = .train(base: String(condition.name.dropFirst("generator/".count)))
        } else if condition.name == "spool", getuid() == 0, access(Self.tmpfiles, R_OK) == 0 {
            self = .makeSpool
        } else {
            return nil
        }
    }

    /// What it is about.
    var subject: String {
        switch self {
        case .startSocketUnit: "socket"
        case .makeSpool: "spool"
        case .close(let folder): "folder \(folder.path)"
        case .repair: "cache"
        case .train(let base): "generator of \(base)"
        }
    }

    /// The command that does the same.
    var action: String {
        switch self {
        case .startSocketUnit, .makeSpool: systemCommand.joined(separator: " ")
        case .close(let folder): folder.command
        case .repair: "sglorad-ctl cache verify --repair"
        case .train(let base): "sglorad-ctl generator train --base \(Remedy.word(base))"
        }
    }

    private var systemCommand: [String] {
        switch self {
        case .startSocketUnit: ["systemctl", "enable", "--now", SocketUnit.name]
        case .makeSpool: ["systemd-tmpfiles", "--create", Self.tmpfiles]
        case .close, .repair, .train: []
        }
    }

    /// Does it, and says how it went.
    ///
    /// - Parameter path: the daemon's socket.
    func carriedOut(path: String) async -> Diagnosis.Outcome {
        do {
            switch self {
            case .startSocketUnit, .makeSpool:
                let outcome = try SystemCommand.run(systemCommand)
                guard outcome.status == 0 else {
                    return Diagnosis.Outcome(self, .failed, reason: outcome.output)
                }
            case .close(let folder): try folder.close()
            case .repair:
                let client = try await VarlinkClient.connect(path: path)
                let reply = try await client.call(Methods.VerifyCache.self, .init(repair: true))
                await client.close()
                if let left = reply.problems.first(where: { $0.repaired != true }) {
                    return Diagnosis.Outcome(
                        self, .failed, reason: "\(left.subject): \(left.path) \(left.finding). \(left.remedy)"
                    )
                }
            case .train(let base):
                let client = try await VarlinkClient.connect(path: path)
                _ = try await Interruption.guarding(client, notice: GeneratorTrainCommand.cancelled) {
                    try await client.follow(
                        Methods.TrainGenerator.self, .init(base: base), work: "training",
                        progress: { $0.progress }, until: { $0.generator != nil })
                }
                await client.close()
            }
            return Diagnosis.Outcome(self, .done)
        } catch {
            let failure = Failure(error)
            return Diagnosis.Outcome(
                self, .failed, reason: "\(failure.message) Next, \(failure.remedy).")
        }
    }
}
