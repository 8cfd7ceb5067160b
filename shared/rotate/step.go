package rotate

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Steps of a target, in order. Each says what it does, when it is done, and why it may be repeated. Before a step the
// executor writes the intent (Journal.Start) and afterwards what it found (Journal.Complete); what it needs to know its own
// work again is in the intent. It never writes a value anywhere but into a vault.
const (
	// StepProve reads the newest version of each copy and the provider's keys, and compares in memory. Done with a Holding
	// per copy: the key that it holds, or "" where it holds none (such a copy is not written to: its owner is told). Of a
	// pair, Outcome.First is the key that most copies hold. No copy holds one: park. A client secret is proven by acquiring a token
	// with it; a random value by the copies being equal, where Holding.Key is "same"; of a
	// certificate and a webhook it is "current". Each Holding has the version that was looked at. Changes nothing. What is deleted,
	// disabled, behind a firewall or has no rights here is parked with that reason.
	StepProve = "prove"
	// StepGather stores First in copies that hold the other key, so that nobody uses the other one. Done when a read shows it
	// in every copy. Skipped where all agree.
	StepGather = "gather"
	// StepSettleGathered waits until readers of gathered copies had time to read again. Skipped where nothing was gathered.
	StepSettleGathered = "settleGathered"
	// StepRenewOther regenerates the key of the pair that nobody uses. The intent carries its Fingerprint; where the
	// provider's key no longer has it, the step is done and not repeated. The new value is what the provider lists, as often
	// as it is asked: nobody has to keep it.
	StepRenewOther = "renewOther"
	// StepAdd adds a client secret whose display name is the Mark with the attempt, and stores it in the first proven copy,
	// with the Mark and its key id as CredentialId. The answer is the only time its value is seen. One of such a name that is there
	// already and in no version of that copy is an orphan whose value nobody knows: it is removed and another one added. Done when
	// the copy's newest version has the Mark, with Outcome.Credential, the new key id.
	StepAdd = "add"
	// StepStore stores the new value in every copy that was proven: content type, tags and life (or the tagged Days)
	// carried over, CredentialId switched, and the Mark as TagOperation. A copy whose newest version has the Mark is done. In a connection string only the
	// key changes (Substitute). A key is taken from the provider's list. What only a vault knows (a client secret, a random
	// value, which is made once, into the first copy) is taken from the first copy's version with the Mark. Done when a
	// read of each copy shows the Mark, with Holding.New per copy. A copy that has a newer version of somebody else's is in
	// conflict: the outcome leads back to StepProve.
	StepStore = "store"
	// StepRenew makes a new version of a certificate by its own policy, with a new key. Done when the newest version is
	// another one than Holding.Version and complete. A pending one is waited for and not begun again.
	StepRenew = "renew"
	// StepCall calls the webhook with the ids of the secret (never a value) and the Mark, by which it knows a repeated call.
	// Done when it answers with success.
	StepCall = "call"
	// StepAwait waits until the copy has a newer version than Holding.Version. After Patience: park.
	StepAwait = "await"
	// StepTell tells the consumers that there is a new version (webhook; Event Grid does it by itself). A second time does no
	// harm. That it cannot be told does not stop the rotation: the note says so.
	StepTell = "tell"
	// StepSettle waits (Settle) before the old value stops working.
	StepSettle = "settle"
	// StepRenewFirst regenerates the key that was stored before: the intruder's. Guarded like StepRenewOther.
	StepRenewFirst = "renewFirst"
	// StepRemove removes the old client secret, by the key id that was proven. 404 is success. The new one is proven by
	// acquiring a token with it first; while that fails, the step is tried again.
	StepRemove = "remove"
	// StepCheck reads provider and copies again: both keys are other ones than before, and every proven copy holds a current
	// one. A copy that does not was changed by somebody meanwhile: Outcome.Owner says so.
	StepCheck = "check"
	// StepRetire disables all older versions of the proven copies, by what Retire says of each, 24 hours later. The old value opens nothing any
	// more by then; what remains of it are readers that would fail to read it.
	StepRetire = "retire"
	// StepNotify tells the owner what to do (Target.Action). Done when the notification was accepted. After a crash he may be told
	// twice.
	StepNotify = "notify"
)

// stepsOf are the steps of each kind. A pair goes: the unused key anew, stored, the used one anew. So at each moment one
// key works that is stored, and in the end both have changed.
var stepsOf = map[Kind][]string{
	Random:       {StepProve, StepStore, StepTell, StepCheck, StepRetire},
	ClientSecret: {StepProve, StepAdd, StepStore, StepTell, StepSettle, StepRemove, StepCheck, StepRetire},
	Certificate:  {StepProve, StepRenew, StepTell, StepRetire},
	Webhook:      {StepProve, StepCall, StepAwait, StepRetire},
	OwnerAction:  {StepNotify},
}

var (
	pairSteps = []string{StepProve, StepGather, StepSettleGathered, StepRenewOther, StepStore, StepTell, StepSettle, StepRenewFirst, StepCheck, StepRetire}
	bareSteps = []string{StepProve, StepRenewOther, StepRenewFirst, StepCheck} // keys that no vault holds
)

// Steps returns the names of a target's steps, in order.
func (t *Target) Steps() []string {
	switch {
	case t.Kind.Paired() && len(t.Copies) == 0:
		return bareSteps
	case t.Kind.Paired():
		return pairSteps
	}
	return stepsOf[t.Kind]
}

// changing are the steps that change something: their intent goes into the ledger.
var changing = map[string]bool{
	StepGather: true, StepRenewOther: true, StepAdd: true, StepStore: true, StepRenew: true, StepCall: true, StepRenewFirst: true, StepRemove: true, StepRetire: true,
}

// Changes reports whether a step changes something.
func Changes(step string) bool { return changing[step] }

// Permissions are the exact names of what a step needs, by kind; an empty kind is any. Where a vault goes by access policies, the
// data actions are get, list and set.
var Permissions = map[string]map[Kind][]string{
	StepProve: {"": {"Microsoft.KeyVault/vaults/secrets/getSecret/action", "Microsoft.KeyVault/vaults/secrets/readMetadata/action"}},
	StepStore: {"": {"Microsoft.KeyVault/vaults/secrets/setSecret/action"}}, StepGather: {"": {"Microsoft.KeyVault/vaults/secrets/setSecret/action"}},
	StepRetire:     {"": {"Microsoft.KeyVault/vaults/secrets/update/action"}},
	StepRenew:      {"": {"Microsoft.KeyVault/vaults/certificates/create/action"}},
	StepAdd:        {"": {"Application.ReadWrite.All"}},
	StepRemove:     {"": {"Application.ReadWrite.All"}},
	StepRenewOther: renews, StepRenewFirst: renews,
}

var renews = map[Kind][]string{
	StorageKey: {"Microsoft.Storage/storageAccounts/listKeys/action", "Microsoft.Storage/storageAccounts/regenerateKey/action"},
	CosmosKey:  {"Microsoft.DocumentDB/databaseAccounts/listKeys/action", "Microsoft.DocumentDB/databaseAccounts/regenerateKey/action"},
	RedisKey:   {"Microsoft.Cache/redis/listKeys/action", "Microsoft.Cache/redis/regenerateKey/action"},
	BusKey:     {"authorizationRules/listKeys/action", "authorizationRules/regenerateKeys/action"}, // of the namespace, hub, queue or topic
}

// Fingerprint tells a provider's key from its successor without telling the key: of an operation, so that two
// operations' journals cannot be compared. Only for keys that a provider made; a value of people's making could be found by trying.
func Fingerprint(operation string, key Sealed) string {
	sum := sha256.Sum256([]byte("rekey fingerprint\x00" + operation + "\x00" + key.Reveal()))
	return hex.EncodeToString(sum[:8])
}

// Times.
const (
	TierTime = 30 * time.Minute // a tier ends then, whatever is left
	Patience = 2 * time.Hour    // for webhooks
	Unread   = 24 * time.Hour   // without a reader, before an old version is disabled
	MaxWait  = 7 * 24 * time.Hour
	lateLogs = 15 * time.Minute // exports are late
	lastLogs = 24 * time.Hour   // then a log that is not whole is not waited for any more
	giveUp   = 24 * time.Hour   // of failing
	slowest  = 5 * time.Minute  // between tries
)
