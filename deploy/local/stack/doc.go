// Package stack starts the whole of Rekey on one machine: Azurite, the Event Hubs endpoint, the local cloud, and one
// Functions host per app, each a process of its own around the staged production binary.
//
// Everything listens on loopback. A stack on the same folder continues where the last one was; every part can be
// killed and started again on its own, which is what the tests of this package's users do.
package stack
