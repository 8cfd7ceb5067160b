// Package state opens the state account: the tables, containers and queues that Rekey keeps everything in.
package state

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"rekey/handlers/cases"
	"rekey/handlers/findings"
	"rekey/handlers/health"
	"rekey/handlers/inquiries"
	"rekey/handlers/operations"
	"rekey/handlers/rotations"
	"rekey/handlers/subscriptions"
	"rekey/handlers/suspects"
	"rekey/handlers/switches"
	"rekey/handlers/verdicts"
	"rekey/shared/azure/blobs"
	"rekey/shared/azure/queues"
	"rekey/shared/azure/redact"
	"rekey/shared/azure/tables"
	"rekey/shared/deadletter"
	"rekey/shared/fault"
	"rekey/shared/host/config"
	"rekey/shared/store"
)

// Account is an open state account.
type Account struct {
	tables *tables.Service
	blobs  *blobs.Service
	queues *queues.Service
}

// Open opens the account that the settings name, with their connection string or as the managed identity.
func Open(c config.State, id config.Identity) (*Account, error) {
	if s := string(c.ConnectionString); s != "" {
		return fromConnectionString(s)
	}
	cred, err := Credential(id)
	if err != nil {
		return nil, err
	}
	return OpenAs(c, cred)
}

// OpenAs opens the account with its connection string, or as whoever the credential names.
func OpenAs(c config.State, cred azcore.TokenCredential) (*Account, error) {
	if s := string(c.ConnectionString); s != "" {
		return fromConnectionString(s)
	}
	var opts azcore.ClientOptions
	t, errT := tables.FromURL(string(c.TableURL), cred, opts)
	b, errB := blobs.FromURL(string(c.BlobURL), cred, opts)
	q, errQ := queues.FromURL(string(c.QueueURL), cred, opts)
	return &Account{t, b, q}, errors.Join(errT, errB, errQ)
}

func fromConnectionString(s string) (*Account, error) {
	var opts azcore.ClientOptions
	t, errT := tables.FromConnectionString(s, opts)
	b, errB := blobs.FromConnectionString(s, opts)
	q, errQ := queues.FromConnectionString(s, opts)
	return &Account{t, b, q}, errors.Join(errT, errB, errQ)
}

// Credential returns the managed identity's credential. One kind is chosen on purpose: a chain of guesses would act as
// whoever happens to be signed in.
func Credential(id config.Identity) (azcore.TokenCredential, error) {
	var opts azidentity.ManagedIdentityCredentialOptions
	if id.ClientID != "" {
		opts.ID = azidentity.ClientID(id.ClientID)
	}
	cred, err := azidentity.NewManagedIdentityCredential(&opts)
	return cred, redact.Error("opening the managed identity", err)
}

// Who a person is when a command works in his name.
const (
	AsCLI         = "cli"         // whoever is signed in to Azure CLI (az login)
	AsIdentity    = "identity"    // the managed identity of the machine
	AsEnvironment = "environment" // the service principal that AZURE_CLIENT_ID and its credential name, for pipelines
)

// Person returns the credential of the person who calls a command, in one tenant. Which of them is said, never guessed.
func Person(ctx context.Context, as, tenant string, id config.Identity) (azcore.TokenCredential, error) {
	switch as {
	case AsCLI:
		cred, err := azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: tenant})
		if err != nil {
			return nil, redact.Error("opening Azure CLI", err)
		}
		if _, err := cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{"https://management.azure.com/.default"}}); err != nil {
			return nil, fault.Errorf(fault.Denied, "asking Azure CLI for a token: there is none: install az, and sign in with `az login%s`", strings.TrimSuffix(" --tenant "+tenant, " --tenant "))
		}
		return cred, nil
	case AsIdentity:
		return Credential(id)
	case AsEnvironment:
		cred, err := azidentity.NewEnvironmentCredential(nil)
		if err != nil {
			return nil, fault.Errorf(fault.Denied, "opening the credential of the environment: set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH")
		}
		return cred, nil
	}
	return nil, fault.Errorf(fault.Denied, "it is asked to work as %q (--as, REKEY_AS): cli, identity or environment", as)
}

// Ensure creates whatever is missing. In Azure the deployment does that, and the identities may not.
func (a *Account) Ensure(ctx context.Context) error {
	return errors.Join(
		a.tables.Ensure(ctx, store.Tables...), a.blobs.Ensure(ctx, store.Containers...), a.queues.Ensure(ctx, store.Queues...),
	)
}

// Table returns a table by its name in package store.
func (a *Account) Table(name string) store.Table { return a.tables.Table(name) }

// Blobs returns a container.
func (a *Account) Blobs(name string) store.Blobs { return a.blobs.Container(name) }

// Bell returns a queue's doorbell.
func (a *Account) Bell(name string) store.Bell { return a.queues.Bell(name) }

// Waiting returns about how many messages a queue holds.
func (a *Account) Waiting(ctx context.Context, name string) (int, error) {
	return a.queues.Waiting(ctx, name)
}

// Endpoint is where the account's blobs are reached.
func (a *Account) Endpoint() string { return a.blobs.Endpoint() }

// Findings returns the detections.
func (a *Account) Findings() findings.Store {
	return findings.Store{Table: a.Table(store.TableDetections), Index: a.Table(store.TableIndex)}
}

// Cases returns the cases.
func (a *Account) Cases() cases.Store {
	return cases.Store{Table: a.Table(store.TableCases), Index: a.Table(store.TableCaseIndex)}
}

// Verdicts returns what people said about principals.
func (a *Account) Verdicts() verdicts.Store {
	return verdicts.Store{Table: a.Table(store.TableVerdicts)}
}

// Suspects returns who is in a case.
func (a *Account) Suspects() suspects.Store {
	return suspects.Store{Table: a.Table(store.TableSuspects)}
}

// Inquiries returns the questions to owners.
func (a *Account) Inquiries() inquiries.Store {
	return inquiries.Store{Table: a.Table(store.TableInquiries)}
}

// Operations returns the journals.
func (a *Account) Operations() operations.Store {
	return operations.Store{Table: a.Table(store.TableOperations), Publish: a.Bell(store.QueuePublish)}
}

// People returns what people do with operations.
func (a *Account) People(now func() time.Time) operations.People {
	return operations.People{Store: a.Operations(), Ledger: a.Blobs(store.ContainerLedger), Evict: a.Bell(store.QueueEvict), Now: now}
}

// Rotations returns the journals of rotations.
func (a *Account) Rotations() rotations.Store {
	return rotations.Store{Table: a.Table(store.TableOperations), Publish: a.Bell(store.QueuePublish)}
}

// RotationPeople returns what people do with rotations.
func (a *Account) RotationPeople(now func() time.Time) rotations.People {
	return rotations.People{Store: a.Rotations(), Ledger: a.Blobs(store.ContainerLedger), Rotate: a.Bell(store.QueueRotate), Now: now}
}

// Switches returns what stops Rekey.
func (a *Account) Switches() switches.Store {
	return switches.Store{Table: a.Table(store.TableSwitches), Ledger: a.Blobs(store.ContainerLedger)}
}

// Subscriptions returns who is called back, and what waits for them.
func (a *Account) Subscriptions() subscriptions.Store {
	return subscriptions.Store{Subscriptions: a.Table(store.TableSubscribers), Deliveries: a.Table(store.TableDeliveries)}
}

// Health returns which logs arrive.
func (a *Account) Health() *health.Store { return &health.Store{Table: a.Table(store.TableStreams)} }

// DeadLetters returns the dead letters.
func (a *Account) DeadLetters() deadletter.Box {
	return deadletter.Box{Rows: a.Table(store.TableDeadLetters), Blobs: a.Blobs(store.ContainerDeadLetters)}
}
