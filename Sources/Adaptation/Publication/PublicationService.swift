internal import ErrorModel
internal import Executors
internal import ExpertLibrary
internal import Logging
internal import ServiceLifecycle

/// Keeps the files of ``Publication`` in agreement with the names, and has the llama-server read its preset file after each
/// change; until both have succeeded it tries again, at growing intervals.
struct PublicationService: Service {
    /// How long it waits after the first failure; twice as long after each further one.
    static let firstPause = Duration.milliseconds(500)
    /// The longest pause, and how often it looks whether the server lists the names if nothing has changed.
    static let longestPause = Duration.seconds(60)
    private static let condition = "publish/llama-server"

    let publication: Publication
    /// The llama-server; nil if none is told.
    let router: (any ModelRouter)?
    let board: HealthBoard
    let logger: Logger

    func run() async throws {
        guard publication.options.isConfigured else {
            try? await gracefulShutdown()
            return
        }
        await cancelWhenGracefulShutdown { await follow() }
    }

    /// Follows the changes of names.
    private func follow() async {
        let bell = publication.store.adapters.nameChanges.bell
        var told = Told()
        var pause = Self.firstPause
        var reminder: Task<Void, Never>?
        bell.ring()
        for await _ in bell.rings {
            reminder?.cancel()
            let hasSucceeded = await attempt(&told)
            let rest = hasSucceeded ? Self.longestPause : pause
            pause = hasSucceeded ? Self.firstPause : min(pause * 2, Self.longestPause)
            reminder = Task {
                guard (try? await Task.sleep(for: rest)) != nil else { return }
                bell.ring()
            }
        }
        reminder?.cancel()
    }

    /// What the server has been told.
    private struct Told {
        /// The version of the preset file; nil before the first time.
        var version: Int?
        /// The names that it has been told of, so that those that are gone are known.
        var names: Set<String> = []
    }

    /// Brings everything up to date.
    ///
    /// - Returns: whether that succeeded.
    private func attempt(_ told: inout Told) async -> Bool {
        // A change of base models rings no bell, and a file may have been changed by hand.
        let areFilesWritten = (try? await publication.match()) != nil
        guard let router else { return areFilesWritten }
        let (names, version) = publication.preset
        do throws(RouterFailure) {
            try await tell(
                router, names, isChanged: told.version != version, gone: told.names.subtracting(names))
            told = Told(version: version, names: names)
            publication.note(.current, ofVersion: version)
            board.clear(Self.condition)
            return areFilesWritten
        } catch {
            guard !Task.isCancelled else { return false }
            told.names.formUnion(names)
            // Whatever it knows, it is told again.
            told.version = nil
            publication.note(.pending, ofVersion: version)
            if !board.all.contains(where: { $0.name == Self.condition }) {
                logger.warning(
                    "llama-server does not list the published names", metadata: ["reason": "\(error.message)"]
                )
            }
            board.raise(
                Condition(
                    name: Self.condition, message: error.message, remedy: error.remedy,
                    audience: .summary("The model server does not have the published names at present.")))
            return false
        }
    }

    /// Has the server list the names and no others of the daemon's.
    ///
    /// - Parameters:
    ///   - router: the server.
    ///   - names: what the preset file has.
    ///   - isChanged: whether it must read the file again, whatever it lists.
    ///   - gone: names that it was told of and that are gone.
    private func tell(
        _ router: any ModelRouter, _ names: Set<String>, isChanged: Bool, gone: Set<String>
    ) async throws(RouterFailure) {
        if !isChanged, names.isSubset(of: try await router.names(reloading: false)) { return }
        var listed = try await router.names(reloading: true)
        let left = listed.intersection(gone)
        if !left.isEmpty {
            // A server that goes on serving what is no longer in its file: stop that, then let it read again.
            for name in left.sorted() { try? await router.unload(name) }
            listed = try await router.names(reloading: true)
        }
        if let name = listed.intersection(gone).min() {
            throw RouterFailure(
                "llama-server still lists '\(name)', which is not in its preset file any more.",
                remedy: "Restart it; the daemon looks again.")
        }
        if let name = names.subtracting(listed).min() {
            throw RouterFailure(
                "llama-server does not list '\(name)', which is in the preset file.",
                remedy:
                    "See that it runs without '-m' and with '--models-preset \(publication.presetPath ?? "FILE")', and that it "
                    + "may read that file (publish.group).")
        }
    }
}
