// Package funchost is the process side of an Azure Functions custom handler: it answers the Functions host's
// invocations and hands them to typed handlers. It knows no domain.
//
// The protocol is read from the host's source and from recorded invocations (testdata). What shapes this package:
//
//   - The body of an invocation is read as a stream: sixteen events of 1 MiB arrive as 22 MB of base64 inside a JSON
//     string inside JSON. It is never held whole; each event is decoded into the bytes its sender sent.
//   - Values may be wrapped in zero to three layers of JSON string encoding, depending on their .NET type.
//   - The host decides by the status: anything but 2xx fails the invocation, so that it is tried again and the
//     checkpoint waits. An empty answer hangs until the function timeout and then kills the process, so every
//     invocation is answered. See effects for the table of error kinds.
//   - The host does not bound concurrency. Invocations are admitted by bytes and by count, first come first served.
//   - Exit code 0 makes the host believe that all is well while nothing runs: Run always returns an error.
package funchost
