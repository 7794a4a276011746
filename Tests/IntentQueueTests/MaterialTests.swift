import ErrorModel
import Files
import GRDB
import Privacy
import Testing

@testable import IntentQueue

/// Examples and labels in the queue: kept and erased with the text, and in a lane of their own.
@Suite("Examples and labels in the queue", .timeLimit(.minutes(20)))
struct MaterialTests {
    private let place: TemporaryQueue

    /// Words that appear nowhere else.
    private static let words = ["quixoblat", "zephyrondil", "labellaria"]
    private static let material = TaskMaterial(
        examples: [
            TaskMaterial.Example(text: "a quixoblat", answer: "zephyrondil"),
            TaskMaterial.Example(text: "another"),
        ],
        labels: ["zephyrondil", "labellaria"])

    init() throws { place = try TemporaryQueue() }

    private static func intent(
        _ material: TaskMaterial? = Self.material, refineSeconds: Float? = nil
    ) -> QueuedIntent {
        QueuedIntent(
            text: "birds", options: IntentOptions(seed: 1, refineSeconds: refineSeconds), material: material)
    }

    private func submit(
        _ intent: QueuedIntent, to queue: RequestQueue, uid: UserID = 1000
    ) async throws -> String {
        try await queue.submit(intent, base: "minilm", uid: uid, label: nil).id
    }

    @Test func `what was submitted is what a worker takes, after a restart too`() async throws {
        let queue = try place.open()
        _ = try await submit(Self.intent(), to: queue)
        try await queue.close()
        let again = try place.open()
        let taken = try #require(try await again.take(in: .refining))
        #expect(taken.intent == Self.intent())
        #expect(taken.intent.options.material == IntentOptions.MaterialCounts(examples: 2, labels: 2))
        try await again.close()
    }

    @Test func `a request that is refined waits in a lane of its own`() async throws {
        let queue = try place.open()
        let refined = try await submit(Self.intent(), to: queue)
        let unrefined = try await submit(Self.intent(refineSeconds: 0), to: queue)
        let unanswered = try await submit(
            Self.intent(TaskMaterial(examples: [TaskMaterial.Example(text: "a bird")])), to: queue)
        let plain = try await submit(Self.intent(nil), to: queue)
        var direct: [String] = []
        while let next = try await queue.take() { direct.append(next.request.id) }
        #expect(direct == [unrefined, unanswered, plain])
        #expect(try await queue.take(in: .refining)?.request.id == refined)
        #expect(try await queue.take(in: .refining) == nil)
        try await queue.close()
    }

    @Test func `a request wakes the workers of its own lane alone`() async throws {
        let queue = try place.open()
        let refiner = Task { await queue.waitForWork(in: .refining) }
        while await queue.idleWorkers[.refining]?.count != 1 { await Task.yield() }
        _ = try await submit(Self.intent(nil), to: queue)
        #expect(await queue.idleWorkers[.refining]?.count == 1)
        _ = try await submit(Self.intent(), to: queue)
        await refiner.value
        #expect(await queue.idleWorkers[.refining]?.count == 0)
        try await queue.close()
    }

    @Test func `users take turns in each lane`() async throws {
        let queue = try place.open()
        var expected: [UserID] = []
        for uid: UserID in [1, 1, 1, 2] { _ = try await submit(Self.intent(), to: queue, uid: uid) }
        for _ in 0..<4 { expected.append(try #require(try await queue.take(in: .refining)).request.uid) }
        #expect(expected == [1, 2, 1, 1])
        try await queue.close()
    }

    @Test(arguments: [RequestState.done, .refused, .failed])
    func `the end of a request erases its examples from every file`(state: RequestState) async throws {
        let queue = try place.open()
        _ = try await submit(Self.intent(), to: queue)
        #expect(try place.holding(Self.words) == Self.words)
        let taken = try #require(try await queue.take(in: .refining))
        try await queue.finish(taken.lease, as: state, adapter: state == .done ? "a-1" : nil)
        try await queue.sweep()
        #expect(try place.holding(Self.words).isEmpty)
        try await queue.close()
    }

    @Test func `a cancellation erases them, and forgetting erases those of an open request`() async throws {
        let queue = try place.open()
        let cancelled = try await submit(Self.intent(), to: queue)
        let forgotten = try await submit(Self.intent(), to: queue)
        _ = try await queue.cancel(cancelled)
        #expect(try await queue.forget([forgotten], evenOpen: true) == [forgotten])
        try await queue.sweep()
        #expect(try place.holding(Self.words).isEmpty)
        try await queue.close()
    }

    @Test func `they are retained as long as the text`() async throws {
        let queue = try place.open(QueueOptions(retainIntents: .seconds(3600)))
        let id = try await submit(Self.intent(), to: queue)
        let taken = try #require(try await queue.take(in: .refining))
        try await queue.finish(taken.lease, as: .failed, failure: .mishap)
        try await queue.sweep()
        #expect(try place.holding(Self.words) == Self.words)
        _ = try await queue.retry(id)
        #expect(try await queue.take(in: .refining)?.intent == Self.intent())
        try await queue.close()
        let strict = try place.open()
        try await strict.finish(try #require(try await strict.take(in: .refining)).lease, as: .failed)
        try await strict.sweep()
        #expect(try place.holding(Self.words).isEmpty)
        try await strict.close()
    }

    @Test func `a retry brings as many again, since they were erased`() async throws {
        let queue = try place.open()
        let id = try await submit(Self.intent(), to: queue)
        try await queue.finish(try #require(try await queue.take(in: .refining)).lease, as: .failed)
        let fewer = TaskMaterial(examples: Self.material.examples, labels: ["labellaria"])
        for given in [nil, fewer, TaskMaterial(labels: Self.material.labels)] {
            let error = await #expect(throws: SgloradError.self) {
                try await queue.retry(id, text: "birds", material: given)
            }
            #expect(error?.code == .invalidIntent)
        }
        #expect(try await queue.request(id)?.state == .failed)
        _ = try await queue.retry(id, text: "birds", material: Self.material)
        #expect(try await queue.take(in: .refining)?.intent == Self.intent())
        try await queue.close()
    }

    @Test func `one user may have 64 open requests with examples, and others still have room`() async throws {
        let queue = try place.open()
        for _ in 0..<QueueRoom.materials.perUser { _ = try await submit(Self.intent(), to: queue, uid: 1) }
        let error = await #expect(throws: SgloradError.self) {
            try await submit(Self.intent(), to: queue, uid: 1)
        }
        #expect(error?.code == .busy)
        _ = try await submit(Self.intent(nil), to: queue, uid: 1)
        _ = try await submit(Self.intent(), to: queue, uid: 2)
        try await queue.finish(try #require(try await queue.take(in: .refining)).lease, as: .failed)
        _ = try await submit(Self.intent(), to: queue, uid: 1)
        try await queue.close()
    }

    @Test func `damaged material fails its request alone`() async throws {
        let queue = try place.open()
        let damaged = try await submit(Self.intent(), to: queue)
        let sound = try await submit(Self.intent(), to: queue)
        try await queue.close()
        try place.execute("UPDATE material SET content = x'7b' WHERE request = ?", [damaged])
        let again = try place.open()
        #expect(try await again.take(in: .refining)?.request.id == sound)
        #expect(try await again.request(damaged)?.state == .failed)
        try await again.close()
    }

    @Test func `descriptions show counts alone`() {
        let intent = Self.intent()
        for text in [
            "\(intent)", String(reflecting: intent), "\(Self.material)", String(reflecting: Self.material),
        ] {
            #expect(Self.words.allSatisfy { !text.contains($0) })
        }
        #expect("\(Self.material)" == "2 examples and 2 labels")
    }
}
