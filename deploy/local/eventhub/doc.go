// Package eventhub is an Event Hubs endpoint on one machine: the part of the service's AMQP 1.0 protocol that the real
// azeventhubs clients use, over partition logs in memory or in files.
//
// It exists because no Event Hubs emulator runs without a container engine. Microsoft's emulator and a real namespace
// are a connection string away: nothing else in the local stack knows this package.
//
// What it speaks: SASL, claims through $cbs (SAS and JWT), hub and partition properties through $management, sends to a
// hub or a partition, batches, consumers with start positions, link credit and owner levels (epochs). What it does not:
// geo-replication, Kafka, HTTPS, quotas other than the size of a message and of a log.
package eventhub
