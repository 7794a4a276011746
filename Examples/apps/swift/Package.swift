// swift-tools-version: 6.2

import PackageDescription

// An application elsewhere names the repository's address and a version in place of the path.
let package = Package(
    name: "sglorad-example",
    dependencies: [.package(name: "sglorad", path: "../../..")],
    targets: [
        // An application that makes an adapter, looks at it, and takes it away again.
        .executableTarget(
            name: "route", dependencies: [.product(name: "SgloradClient", package: "sglorad")]),
        // The lines of README.md, word for word.
        .executableTarget(
            name: "readme", dependencies: [.product(name: "SgloradClient", package: "sglorad")]),
    ]
)
