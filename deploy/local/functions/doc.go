// Package functions is a local Azure Functions host for custom handlers: it reads a staged app folder (host.json, one
// folder with a function.json for each function, and the executable), starts the executable, and speaks the real
// protocol with it. The same folder, zipped, runs in Azure; nothing in it knows where it is.
//
// # What is the same
//
// A function has one trigger: eventHubTrigger, queueTrigger, timerTrigger or httpTrigger. Event Hubs are read by the
// real azeventhubs Processor with its checkpoints in Azure Storage, queues by the real client and by the polling rule
// of host.json. Invocations are POSTed with the bodies that the real host writes, with their layers of string encoding
// (encode.go), with the properties of a queue message's payload that leak into the metadata, and without a
// Content-Length. HTTP functions are proxied untouched. Answers are judged as strictly: an empty answer hangs until
// the function timeout, which kills the handler and everything it was doing.
//
// The failures are the same, too, because they are what an app must survive:
//
//   - The checkpoint of a hub moves on after the last retry, whether or not the batch succeeded.
//   - A handler that exits with 0 is not started again; every invocation fails from then on.
//   - The third crash within 30 minutes of each other stops the host.
//   - Stopping is SIGKILL, without a warning.
//
// # What is not
//
// Forwarding mode and output bindings are refused, not imitated. Connections are connection strings; there is no
// identity on a laptop. A timer's past occurrences are not kept in storage, so that no timer is ever past due, and one
// host is assumed, so that timers take no lease. On Linux the handler dies with the host, where the real one leaves an
// orphan. The defaults of the load balancing intervals are short, so that a host that was killed resumes in seconds.
// Metadata of a .NET exception in a retry is a stand-in of the same form. Settings that would override host.json
// (AzureFunctionsJobHost__...) are not read.
package functions
