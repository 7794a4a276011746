import Testing

@testable import IntentQueue

@Suite("The table of leases")
struct LeaseTableTests {
    private var table = LeaseTable(duration: .seconds(60))
    private let request = QueuedRequest(.queued("r-1"))
    private let lease = Lease(request: "r-1", token: "one")
    private let later = Lease(request: "r-1", token: "two")

    @Test mutating func `a lease expires its duration after the grant or the last renewal`() {
        _ = table.grant(lease, request, at: .seconds(100))
        #expect(table.expired(at: .seconds(159)).isEmpty)
        #expect(table.expired(at: .seconds(160)) == [lease])
        let renewed = table.renew(lease, stage: .encoding, at: .seconds(159))
        #expect(renewed != nil)
        #expect(table.expired(at: .seconds(218)).isEmpty)
        #expect(table.expired(at: .seconds(219)) == [lease])
    }

    @Test mutating func `a later lease of the request fences the earlier one`() {
        _ = table.grant(lease, request, at: .zero)
        _ = table.grant(later, request, at: .zero)
        let fenced = table.renew(lease, stage: .publishing, at: .zero)
        #expect(fenced == nil)
        #expect(table.stage(of: "r-1") == nil)
        table.release(lease)
        let held = table.renew(later, stage: .encoding, at: .zero)
        #expect(held?.stage == .encoding)
        #expect(table.stage(of: "r-1") == .encoding)
        table.release(later)
        let released = table.renew(later, stage: .encoding, at: .zero)
        #expect(released == nil)
        #expect(table.expired(at: .seconds(1000)).isEmpty)
    }

    @Test mutating func `a cancellation is learned at the next renewal`() {
        let granted = table.grant(lease, request, at: .zero)
        #expect(!granted.isCancelRequested)
        table.requestCancellation(lease)
        let renewed = table.renew(lease, stage: .encoding, at: .zero)
        #expect(renewed?.isCancelRequested == true)
    }

    @Test mutating func `a cancellation before the grant is kept for that lease alone`() {
        table.requestCancellation(lease)
        let granted = table.grant(lease, request, at: .zero)
        #expect(granted.isCancelRequested)
        // One that comes late, for a lease that has ended, does not concern the next.
        table.release(lease)
        table.requestCancellation(lease)
        let next = table.grant(later, request, at: .zero)
        #expect(!next.isCancelRequested)
        table.requestCancellation(lease)
        table.release(lease)
        let renewed = table.renew(later, stage: .encoding, at: .zero)
        #expect(renewed?.isCancelRequested == false)
    }
}
