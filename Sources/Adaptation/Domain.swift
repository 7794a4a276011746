internal import ErrorModel
package import Executors
package import ExpertLibrary
package import Files
package import Foundation
package import IntentQueue
package import Logging
package import ServiceLifecycle
package import Spool
package import TextEncoding

/// The daemon's domain: every operation, assembled over the stores and offered through the socket and the
/// spool.
package struct Domain: Sendable {
    /// The options that an operator can set.
    package struct Options: Sendable {
        /// The number of requests processed concurrently.
        package var workers: Int
        /// The text encoder's folder; nil to search for it.
        package var model: String?
        /// How the text encoder holds its weights.
        package var precision: EncoderPrecision
        /// The group that may use the spool.
        package var users: UInt32?
        package var spool: SpoolOptions
        package var eviction: EvictionPolicy
        /// The program that is started for a training or an evaluation.
        package var executable: String
        /// The program that runs base models which the daemon cannot run itself.
        package var engine: EngineOptions
        /// The environment; `HOME` and `XDG_CACHE_HOME` say where to search for the model.
        package var environment: [String: String]
        /// The account that each user's requests and files count under.
        package var accounts: UserAccounts
        /// What is published to model servers.
        package var publication: PublicationOptions
        /// The llama-server that is told of published names; nil for none.
        package var router: (any ModelRouter)?

        package init(
            workers: Int, model: String?, precision: EncoderPrecision = .standard, users: UInt32?,
            spool: SpoolOptions, eviction: EvictionPolicy, executable: String,
            engine: EngineOptions = EngineOptions(), environment: [String: String],
            accounts: UserAccounts = UserAccounts(), publication: PublicationOptions = PublicationOptions(),
            router: (any ModelRouter)? = nil
        ) {
            self.workers = workers
            self.model = model
            self.precision = precision
            self.users = users
            self.spool = spool
            self.eviction = eviction
            self.executable = executable
            self.engine = engine
            self.environment = environment
            self.accounts = accounts
            self.publication = publication
            self.router = router
        }
    }

    package let queue: RequestQueue
    package let store: LibraryStore
    package let encoders: EncoderProvider
    package let snapshots: LibrarySnapshots
    package let admission: Admission
    package let follower: RequestFollower
    package let belongings: Belongings
    package let inspection: Inspection
    package let imports: ExpertImport
    package let experts: Experts
    package let generators: Generators
    package let trainings: Trainings
    package let evaluations: Evaluations
    package let uploads: UploadStore
    package let eraser: Eraser
    package let publication: Publication
    package let spool: SpoolExchange?
    package let inspector: LibraryInspector
    package let health: CoalescedRead<Health.View>
    package let metrics: DaemonMetrics
    package let workerBoard: WorkerBoard
    package let startedAt = Date()
    private let board: HealthBoard
    private let pools: Pools
    private let encoding: JointEncoding
    private let pipeline: AdapterPipeline
    private let router: (any ModelRouter)?
    private let logger: Logger

    package init(_ options: Options, stores: OpenedStores, logger: Logger) {
        let (store, queue, state) = (stores.store, stores.queue, stores.store.state)
        let pools = Pools(workers: options.workers)
        let pool = pools.requests
        let board = HealthBoard(stores.conditions)
        let publication = Publication(
            options.publication, store: store, policy: options.eviction, board: board, logger: logger)
        let encoders = EncoderProvider(
            folder: options.model, precision: options.precision, environment: options.environment,
            pool: pool, store: store)
        let snapshots = LibrarySnapshots(
            store: store, encoders: encoders, pool: pool, board: board, logger: logger)
        metrics = DaemonMetrics()
        inspector = LibraryInspector(
            store: store, queue: queue, snapshots: snapshots, pool: pools.care, board: board,
            policy: options.eviction, metrics: metrics, logger: logger)
        admission = Admission(queue: queue, snapshots: snapshots, share: DiskShare(inspector))
        follower = RequestFollower(queue: queue, store: store)
        belongings = Belongings(
            queue: queue, store: store, pool: pools.files, policy: options.eviction, publication: publication)
        uploads = UploadStore(state: state, pool: pools.imports)
        // More threads than cores would only take the caches from each other.
        let encoding = JointEncoding(
            threads: max(2, min(options.workers, ProcessInfo.processInfo.activeProcessorCount)))
        pipeline = AdapterPipeline(
            store: store, encoders: encoders, encoding: encoding, snapshots: snapshots, pool: pool,
            refinements: pools.refinements, accounts: options.accounts, publication: publication)
        inspection = Inspection(
            store: store, encoders: encoders, encoding: encoding, snapshots: snapshots,
            belongings: belongings,
            turns: pools.callers, files: pools.files)
        imports = ExpertImport(
            store: store, encoders: encoders, snapshots: snapshots, uploads: uploads, pool: pools.imports,
            publication: publication, logger: logger)
        experts = Experts(
            store: store, encoders: encoders, snapshots: snapshots, publication: publication, logger: logger)
        generators = Generators(
            store: store, encoders: encoders, snapshots: snapshots, uploads: uploads, board: board,
            pool: pools.imports, files: pools.files)
        trainings = Trainings(
            store: store, encoders: encoders, snapshots: snapshots, pool: pools.care,
            executable: options.executable, engine: options.engine, logger: logger)
        evaluations = Evaluations(
            store: store, encoders: encoders, snapshots: snapshots, pool: pools.care,
            executable: options.executable, engine: options.engine, logger: logger)
        spool = SpoolExchange(
            options.spool, users: options.users,
            backend: SpoolGate(admission: admission, store: store, accounts: options.accounts),
            pool: pools.spool,
            report: { error in
                board.report(
                    "spool", error, remedy: "Files wait meanwhile; the daemon retries every minute.",
                    audience: .summary("The spool cannot be used at present."))
            }, logger: logger)
        eraser = Eraser(
            queue: queue, store: store, spool: spool, tombstones: stores.tombstones, pool: pools.spool,
            accounts: options.accounts, publication: publication)
        let health = Health(
            board: board, state: state, store: store, queue: queue, encoders: encoders, pool: pool)
        self.health = CoalescedRead { try await health.examine() }
        workerBoard = WorkerBoard(workers: options.workers, hasRefiner: true)
        (self.store, self.queue, self.encoders, self.snapshots) = (store, queue, encoders, snapshots)
        (self.board, self.pools, self.encoding, self.logger) = (board, pools, encoding, logger)
        (self.publication, router) = (publication, options.router)
    }

    /// The services that process requests: one per worker, and one that refines adapters.
    package func workers() -> [any Service] {
        (0...workerBoard.count).map { number in
            // From now on, not from the assembly: what the start does in between is no standstill.
            workerBoard.begin(.taking, worker: number)
            return RequestWorker(
                queue: queue, lane: number < workerBoard.count ? .direct : .refining, pipeline: pipeline,
                board: workerBoard, number: number, metrics: metrics, logger: logger)
        }
    }

    /// The services that maintain the stores, and what is published of them: retention, eviction, verification, model servers.
    ///
    /// - Parameter verifyEvery: the interval between full verifications; zero for never.
    package func caretakers(verifyEvery: Duration) -> [any Service] {
        [
            RetentionService(
                queue: queue, store: store, tombstones: eraser.tombstones, pool: pools.care, logger: logger
            ),
            LibraryMaintenance(inspector: inspector, verifyEvery: verifyEvery, board: board, logger: logger),
            PublicationService(publication: publication, router: router, board: board, logger: logger),
        ]
    }

    /// Stops the thread pools once they are idle.
    package func shutdown() async {
        await pools.shutdown()
        await encoding.shutdown()
    }
}
