extension Neighbourhood {
    /// The same experts, each with the same share: what the softmax tends to as τ grows.
    public var equallyWeighted: Neighbourhood {
        Neighbourhood(
            members: members.map {
                Member(expert: $0.expert, proximity: $0.proximity, weight: 1 / Float(members.count))
            })
    }

    private init(members: [Member]) {
        self.members = members
    }
}
