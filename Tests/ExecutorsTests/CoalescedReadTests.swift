import Synchronization
import Testing

@testable import Executors

@Suite("Looking together")
struct CoalescedReadTests {
    /// Something to look at, which counts the looks and can hold them up.
    private final class Scene: Sendable {
        private let state = Mutex((looks: 0, isOpen: true, fails: false))

        var looks: Int { state.withLock { $0.looks } }
        func set(open: Bool) { state.withLock { $0.isOpen = open } }
        func set(fails: Bool) { state.withLock { $0.fails = fails } }

        struct Failure: Error {}

        /// The look's number.
        func look() async throws -> Int {
            let (number, fails) = state.withLock { state in
                state.looks += 1
                return (state.looks, state.fails)
            }
            while !state.withLock({ $0.isOpen }) { try await Task.sleep(for: .milliseconds(1)) }
            if fails { throw Failure() }
            return number
        }

        /// Waits until a look has begun.
        func begins(_ number: Int) async throws {
            while looks < number { try await Task.sleep(for: .milliseconds(1)) }
        }
    }

    private let scene: Scene
    private let shared: CoalescedRead<Int>

    init() {
        let scene = Scene()
        self.scene = scene
        shared = CoalescedRead { try await scene.look() }
    }

    @Test func `who asks alone looks anew each time`() async throws {
        #expect(try await shared.view() == 1)
        #expect(try await shared.view() == 2)
        #expect(try await shared.view(noOlderThan: .seconds(3600)) == 2)
        #expect(try await shared.view() == 3)
    }

    @Test func `many who ask during a look share the next, and none gets what was begun before`() async throws
    {
        scene.set(open: false)
        let first = Task { try await shared.view() }
        try await scene.begins(1)
        let later = (0..<100).map { _ in Task { try await shared.view() } }
        // Who may see what is older joins the one under way.
        let patient = Task { try await shared.view(noOlderThan: .seconds(3600)) }
        try await Task.sleep(for: .milliseconds(50))
        #expect(scene.looks == 1)
        scene.set(open: true)
        #expect(try await first.value == 1)
        #expect(try await patient.value == 1)
        for task in later { #expect(try await task.value >= 2) }
        // A task that came late to ask has its own.
        #expect(scene.looks < 10)
    }

    @Test func `a look that fails is nobody's afterwards, and who goes away takes it from nobody`()
        async throws
    {
        scene.set(fails: true)
        await #expect(throws: Scene.Failure.self) { try await shared.view() }
        scene.set(fails: false)
        #expect(try await shared.view(noOlderThan: .seconds(3600)) == 2)
        scene.set(open: false)
        let leaving = Task { try await shared.view() }
        try await scene.begins(3)
        let staying = Task { try await shared.view(noOlderThan: .milliseconds(1)) }
        leaving.cancel()
        try await Task.sleep(for: .milliseconds(20))
        scene.set(open: true)
        #expect(try await staying.value >= 3)
    }
}
