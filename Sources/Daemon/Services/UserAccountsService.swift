internal import Executors
internal import Files
internal import Logging
internal import ServiceLifecycle

/// Follows the table of subordinate user IDs, so that a user who is added while the daemon runs, with a range of
/// their own, has no more than one share from then on.
struct UserAccountsService: Service {
    /// The interval between two looks at the file.
    static let pause = Duration.seconds(20)

    let accounts: UserAccounts
    let logger: Logger
    /// Looking up an owner by name may block on the name service.
    private let files = FileExecutor(label: "io.sglorad.accounts")

    init(accounts: UserAccounts, logger: Logger) {
        self.accounts = accounts
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                if await files.run({ accounts.refresh() }) {
                    logger.notice("the table of subordinate user IDs was read again")
                }
                try? await Task.sleep(for: Self.pause)
            }
        }
    }
}
