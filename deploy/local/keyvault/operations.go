package keyvault

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// bundle is the body of a PUT or PATCH.
type bundle struct {
	Value       *string
	ContentType *string
	Tags        map[string]string
	Attributes  struct {
		Enabled *bool
		NBF     *int64
		EXP     *int64
	}
}

// Limits of a secret (learn.microsoft.com/azure/key-vault/general/service-limits and about-secrets).
const (
	maxValue       = 25 << 10
	maxContentType = 255
	maxTags        = 15
	maxTag         = 512
)

func (b bundle) problem() string {
	switch {
	case b.Value != nil && len(*b.Value) > maxValue:
		return "The secret value is longer than 25 KB."
	case b.ContentType != nil && len(*b.ContentType) > maxContentType:
		return "The content type is longer than 255 characters."
	case len(b.Tags) > maxTags:
		return "There are more than 15 tags."
	}
	for k, v := range b.Tags {
		if len(k) > maxTag || len(v) > maxTag {
			return "A tag is longer than 512 characters."
		}
	}
	return ""
}

// apply changes what is given and leaves the rest.
func (b bundle) apply(v *version) {
	if b.ContentType != nil {
		v.ContentType = *b.ContentType
	}
	if b.Tags != nil {
		v.Tags = b.Tags
	}
	if b.Attributes.Enabled != nil {
		v.Disabled = !*b.Attributes.Enabled
	}
	if b.Attributes.NBF != nil {
		v.NotBefore = b.Attributes.NBF
	}
	if b.Attributes.EXP != nil {
		v.Expires = b.Attributes.EXP
	}
	v.Updated = time.Now().UTC()
}

// get shows a version with its value. Expired and not yet valid ones are shown; disabled ones are not.
func (c *call) get() {
	sec, v := c.find()
	if v == nil {
		return
	}
	if v.Disabled {
		c.fail(http.StatusForbidden, "Forbidden", "SecretDisabled", "Operation get is not allowed on a disabled secret.")
		return
	}
	out := c.show(c.name, sec, v, true)
	out["value"] = v.Value
	c.ok(out)
}

// set makes a new version, which has nothing of the one before.
func (c *call) set() {
	var in bundle
	if !c.decode(&in) {
		return
	}
	sec := c.s.secrets[c.name]
	problem := in.problem()
	switch {
	case sec != nil && !sec.Deleted.IsZero():
		c.fail(http.StatusConflict, "Conflict", "ObjectIsDeletedButRecoverable", "Secret "+c.name+" is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.")
		return
	case sec != nil && sec.Managed || c.s.certs[c.name] != nil:
		c.fail(http.StatusForbidden, "Forbidden", "SecretManagedByKeyVault", "Operation set is not allowed on a secret that is managed by Key Vault.")
		return
	case in.Value == nil:
		problem = "The parameter value is required."
	}
	if problem != "" {
		c.fail(http.StatusBadRequest, "BadParameter", "", problem)
		return
	}
	if sec == nil {
		sec = &secret{}
		c.s.secrets[c.name] = sec
	}
	v := &version{ID: newVersion(), Value: *in.Value, Created: time.Now().UTC()}
	in.apply(v)
	sec.Versions, c.version = append(sec.Versions, v), v.ID
	if c.saved() {
		out := c.show(c.name, sec, v, true)
		out["value"] = v.Value
		c.ok(out)
	}
}

// update changes what a version carries besides its value.
func (c *call) update() {
	var in bundle
	if !c.decode(&in) {
		return
	}
	if problem := in.problem(); problem != "" || in.Value != nil {
		c.fail(http.StatusBadRequest, "BadParameter", "", "The value of a version cannot be changed. "+problem)
		return
	}
	sec, v := c.find()
	if v == nil {
		return
	}
	if sec.Managed {
		c.fail(http.StatusForbidden, "Forbidden", "SecretManagedByKeyVault", "Operation update is not allowed on a secret that is managed by Key Vault.")
		return
	}
	in.apply(v)
	if c.saved() {
		c.ok(c.show(c.name, sec, v, true))
	}
}

// list lists the secrets, the newest version of each, without values.
func (c *call) list() {
	items := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(c.s.secrets)) {
		if sec := c.s.secrets[name]; sec.Deleted.IsZero() {
			items = append(items, c.show(name, sec, sec.Versions[len(sec.Versions)-1], false))
		}
	}
	c.page(items)
}

// listVersions lists a secret's versions in no order of time: by their ids, which are random.
func (c *call) listVersions() {
	sec := c.s.secrets[c.name]
	items := []map[string]any{}
	if sec != nil && sec.Deleted.IsZero() {
		for _, v := range slices.SortedFunc(slices.Values(sec.Versions), func(a, b *version) int { return strings.Compare(a.ID, b.ID) }) {
			items = append(items, c.show(c.name, sec, v, true))
		}
	}
	c.page(items)
}

func (c *call) showDeleted(name string, sec *secret) map[string]any {
	out := c.show(name, sec, sec.Versions[len(sec.Versions)-1], false)
	out["recoveryId"] = "https://" + c.r.Host + "/deletedsecrets/" + name
	out["deletedDate"], out["scheduledPurgeDate"] = sec.Deleted.Unix(), sec.Deleted.AddDate(0, 0, 90).Unix()
	return out
}

// remove soft-deletes a secret with all its versions.
func (c *call) remove() {
	sec, _ := c.find()
	if sec == nil {
		return
	}
	if sec.Managed {
		c.fail(http.StatusForbidden, "Forbidden", "SecretManagedByKeyVault", "Operation delete is not allowed on a secret that is managed by Key Vault.")
		return
	}
	sec.Deleted = time.Now().UTC()
	if c.saved() {
		c.ok(c.showDeleted(c.name, sec))
	}
}

// deleted returns a soft-deleted secret, or answers.
func (c *call) deleted() *secret {
	sec := c.s.secrets[c.name]
	if sec == nil || sec.Deleted.IsZero() {
		c.notFound()
		return nil
	}
	return sec
}

func (c *call) listDeleted() {
	items := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(c.s.secrets)) {
		if sec := c.s.secrets[name]; !sec.Deleted.IsZero() {
			items = append(items, c.showDeleted(name, sec))
		}
	}
	c.page(items)
}

func (c *call) getDeleted() {
	if sec := c.deleted(); sec != nil {
		c.ok(c.showDeleted(c.name, sec))
	}
}

func (c *call) purge() {
	if c.deleted() == nil {
		return
	}
	delete(c.s.secrets, c.name)
	if c.saved() {
		c.status = http.StatusNoContent
		c.w.WriteHeader(http.StatusNoContent)
	}
}

func (c *call) recover() {
	sec := c.deleted()
	if sec == nil {
		return
	}
	sec.Deleted = time.Time{}
	if c.saved() {
		c.ok(c.show(c.name, sec, sec.Versions[len(sec.Versions)-1], true))
	}
}

// archive is a backup. The service encrypts it; nobody here reads one.
type archive struct {
	Name   string
	Secret *secret
}

func (c *call) backup() {
	sec, _ := c.find()
	if sec == nil {
		return
	}
	b, _ := json.Marshal(archive{c.name, sec}) // plain data
	c.ok(map[string]string{"value": base64.RawURLEncoding.EncodeToString(b)})
}

func (c *call) restore() {
	var in struct{ Value string }
	if !c.decode(&in) {
		return
	}
	b, err := base64.RawURLEncoding.DecodeString(in.Value)
	var a archive
	if err != nil || json.Unmarshal(b, &a) != nil || a.Secret == nil {
		c.fail(http.StatusBadRequest, "BadParameter", "", "Backup blob is invalid or corrupt.")
		return
	}
	if c.s.secrets[a.Name] != nil {
		c.fail(http.StatusConflict, "Conflict", "", "There was a conflict restoring the secret "+a.Name+".")
		return
	}
	c.s.secrets[a.Name] = a.Secret
	if c.saved() {
		c.name = a.Name
		c.ok(c.show(a.Name, a.Secret, a.Secret.Versions[len(a.Secret.Versions)-1], true))
	}
}
