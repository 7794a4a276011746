import SgloradClient

let client = SgloradClient()
do {
    let adapter = try await client.request("route requests about travel bookings", label: "travel", seed: 7)
    print(adapter.id, adapter.guidance.map(\.name))
    try await client.export(adapter, to: "travel")
} catch SgloradClient.Failure.refused(let refusal) {
    print("No expert is near enough; the nearest is \(refusal.nearest), at \(refusal.proximity).")
}
