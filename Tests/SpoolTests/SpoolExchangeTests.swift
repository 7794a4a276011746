import ErrorModel
import Executors
import Files
import Foundation
import Glibc
import Logging
import SpoolForms
import Synchronization
import TestSupport
import Testing

@testable import Spool

@Suite("Delivery and the exchange", .timeLimit(.minutes(20)))
struct SpoolExchangeTests {
    @Test func `results are delivered once, and again for a repetition`() async throws {
        let fixture = try SpoolFixture()
        let (spool, backend) = (fixture.spool, fixture.backend)
        for number in 0..<300 { try spool.drop("\(number).json", #"{"text": "birds", "label": "mine"}"#) }
        #expect(try await fixture.intake().pass() == SpoolIntake.Outcome(accepted: 300))
        #expect(try await fixture.deliver().delivered == 0)
        while await backend.finishNext() {}
        let outcome = try await fixture.deliver()
        #expect(outcome.delivered == 300 && outcome.unreadable.isEmpty && outcome.failure == nil)
        #expect(spool.names("done/\(spool.owner)").count == 300)
        let result = try spool.result("7.json")
        #expect(result.state == .done && result.label == "mine" && result.requestId?.hasPrefix("r-") == true)
        #expect(try await fixture.deliver().delivered == 0)
        try spool.drop("7.json", #"{"text": "birds", "label": "mine"}"#)
        #expect(try await fixture.intake().pass() == SpoolIntake.Outcome(accepted: 1))
        #expect(try await fixture.deliver().delivered == 1)
        await fixture.close()
    }

    @Test func `a result that cannot be written blocks no other and stays undelivered`() async throws {
        let fixture = try SpoolFixture()
        let (spool, backend) = (fixture.spool, fixture.backend)
        for name in ["a.json", "b.json"] { try spool.drop(name) }
        _ = try await fixture.intake().pass()
        while await backend.finishNext() {}
        let place = "\(spool.path)/done/\(spool.owner)/a.json"
        try FileManager.default.createDirectory(atPath: place + "/inner", withIntermediateDirectories: true)
        let outcome = try await fixture.deliver()
        #expect(outcome.delivered == 1 && outcome.failure?.code == .storageFailure)
        #expect(await backend.owedCount == 1)
        #expect(spool.names("done/\(spool.owner)") == ["a.json", "b.json"])
        try FileManager.default.removeItem(atPath: place)
        #expect(try await fixture.deliver().delivered == 1)
        #expect(try spool.result("a.json").state == .done)
        await fixture.close()
    }

    @Test func `the exchange takes in, delivers, erases, and follows a replaced folder`() async throws {
        let fixture = try SpoolFixture()
        let (spool, backend) = (fixture.spool, fixture.backend)
        let made = SpoolExchange(
            SpoolOptions(directory: spool.path), users: nil, backend: backend, pool: fixture.pool,
            report: { error in #expect(error?.message == nil) }, logger: Logger(label: "test"))
        let exchange = try #require(made)
        #expect(await exchange.takeIn() == .none)
        var rings = exchange.arrivals.rings.makeAsyncIterator()
        for name in ["a.json", "b.json"] {
            try spool.drop(name)
            _ = await rings.next()
            #expect(await exchange.takeIn() == .none)
        }
        while await backend.finishNext() {}
        await exchange.deliver()
        #expect(spool.names("done/\(spool.owner)") == ["a.json", "b.json"])
        await exchange.age()
        let erased = try await exchange.forget(.some(requests: ["r-1"], label: nil), of: spool.owner)
        #expect(erased.results == 1 && erased.files == 0)
        #expect(spool.names("done/\(spool.owner)").count == 1)

        #expect(rename(spool.path, spool.path + ".old") == 0)
        #expect(await exchange.takeIn() == .none)
        try spool.drop("c.json")
        _ = await rings.next()
        #expect(await exchange.takeIn() == .none)
        #expect(await backend.requests.map(\.intent.name).contains("c.json"))
        await fixture.close()
    }

    @Test func `failures are reported in the order of importance, until they pass`() async throws {
        let fixture = try SpoolFixture()
        let (spool, backend) = (fixture.spool, fixture.backend)
        let reports = Reports()
        let made = SpoolExchange(
            SpoolOptions(directory: spool.path), users: nil, backend: backend, pool: fixture.pool,
            report: { reports.add($0?.message) }, logger: Logger(label: "test"))
        let exchange = try #require(made)
        await backend.set(failure: .storageFailure("/queue.db", "first."))
        try spool.drop("a.json")
        await exchange.deliver()
        #expect(await exchange.takeIn() == .none)
        await backend.set(failure: .storageFailure("/queue.db", "second."))
        await exchange.deliver()
        await backend.set(failure: nil)
        _ = await exchange.takeIn()
        await exchange.deliver()
        await exchange.deliver()
        #expect(
            reports.all == [
                "/queue.db: first.", "/queue.db: first.", "/queue.db: first.", "/queue.db: second.", nil,
            ])
        await fixture.close()
    }

    @Test func `there is no exchange without a folder, and one whose folder cannot be opened says so`()
        async throws
    {
        let fixture = try SpoolFixture()
        let reports = Reports()
        func exchange(_ directory: String?) -> SpoolExchange? {
            SpoolExchange(
                SpoolOptions(directory: directory), users: nil, backend: fixture.backend, pool: fixture.pool,
                report: { reports.add($0?.message) }, logger: Logger(label: "test"))
        }
        #expect(exchange(nil) == nil)
        let folder = try TemporaryFolder()
        try folder.write([1], to: "file")
        let unopened = try #require(exchange(folder("file")))
        #expect(await unopened.takeIn() == .none)
        #expect(reports.all.count == 1 && reports.all.first??.contains(folder("file")) == true)
        await #expect(throws: SgloradError.self) { _ = try await unopened.forget(.all, of: .current) }
        // Once it can be opened, the next round recovers, the retention included, which is not due for ten minutes else.
        await unopened.age()
        await unopened.deliver()
        try FileManager.default.removeItem(atPath: folder("file"))
        await unopened.age()
        #expect(await unopened.takeIn() == .none)
        await unopened.deliver()
        #expect(reports.all.count > 3 && reports.all.last == .some(nil))
        await fixture.close()
    }

    /// The messages that were reported.
    private final class Reports: Sendable {
        private let messages = Mutex<[String?]>([])
        var all: [String?] { messages.withLock { $0 } }
        func add(_ message: String?) { messages.withLock { $0.append(message) } }
    }
}

@Suite("The exchange's state")
struct SpoolExchangeStateTests {
    @Test func `a failure is new until its message repeats`() {
        var failures = SpoolExchange.OutstandingFailures()
        let isNew = [
            failures.record(.internal("one"), of: .delivery),
            failures.record(.internal("one"), of: .delivery),
            failures.record(.internal("two"), of: .delivery),
            failures.record(.internal("three"), of: .intake),
        ]
        #expect(isNew == [true, false, true, true])
        #expect(failures.first?.message.contains("three") == true)
        let wasOutstanding = [failures.clear(.intake), failures.clear(.intake), failures.clear(.retention)]
        #expect(wasOutstanding == [true, false, false])
        #expect(failures.first?.message.contains("two") == true)
        let last = failures.clear(.delivery)
        #expect(last && failures.first == nil)
    }

    @Test func `each user is warned about once`() {
        var users = SpoolExchange.WarnedUsers()
        let added = [users.add([7, 5]), users.add([5, 6])]
        #expect(added == [[5, 7], [6]])
    }

    @Test func `the retention is applied at most every ten minutes`() {
        var schedule = SpoolExchange.RetentionSchedule()
        let start = ContinuousClock.now
        let isDue = [0, 599, 600].map { schedule.begin(at: start + .seconds($0)) }
        #expect(isDue == [true, false, true])
        schedule.retry()
        let isDueAgain = schedule.begin(at: start + .seconds(601))
        #expect(isDueAgain)
    }
}
