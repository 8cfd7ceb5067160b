package audit

import (
	"strings"

	"rekey/shared/event"
)

// Is reports whether the change is one of the activities. Names are compared without regard to case; the decoder made
// dashes and spaces plain.
func Is(c *event.Change, activities ...string) bool {
	for _, a := range activities {
		if strings.EqualFold(c.Activity, a) {
			return true
		}
	}
	return false
}

// IsCredentials reports whether the change is one of an application's certificates and secrets. The names differ in
// dashes, spaces and their first word; what all of them hold is this fragment.
func IsCredentials(c *event.Change) bool {
	return strings.Contains(strings.ToLower(c.Activity), "certificates and secrets management")
}

// Property finds a modified property by name in any target.
func Property(c *event.Change, name string) (event.Property, bool) {
	for _, t := range c.Targets {
		for _, p := range t.Properties {
			if strings.EqualFold(p.Name, name) {
				return p, true
			}
		}
	}
	return event.Property{}, false
}

// Value returns the new value of a modified property, without quotes; empty when there is none.
func Value(c *event.Change, name string) string {
	p, _ := Property(c, name)
	return Text(p.New)
}

// ID returns the new value of a modified property in lower case.
func ID(c *event.Change, name string) string { return strings.ToLower(Value(c, name)) }

// Text removes quotes around a value; null is nothing.
func Text(value string) string {
	if value = strings.Trim(strings.TrimSpace(value), `"`); value == "null" {
		return ""
	}
	return strings.TrimSpace(value)
}

// True reads a value that says yes: [true], "True", true.
func True(value string) bool { return strings.EqualFold(strings.Trim(value, `[]" `), "true") }

// Target returns a target by its place; the zero Target when there is none.
func Target(c *event.Change, i int) event.Target {
	if i < 0 || i >= len(c.Targets) {
		return event.Target{}
	}
	return c.Targets[i]
}

// Principal returns the principal behind a target. An application's object id is neither its appId nor its principal's
// id: additionalDetails has the appId of the first target. The zero Principal means that the record does not say.
func Principal(c *event.Change, i int) event.Principal {
	t := Target(c, i)
	p := event.Principal{Name: t.Name}
	if i == 0 {
		p.AppID = strings.ToLower(c.Additional["AppId"])
	}
	switch {
	case strings.EqualFold(t.Type, "ServicePrincipal"):
		p.ObjectID = t.ID
	case p.AppID == "":
		return event.Principal{}
	}
	return p
}

// Client returns the principal that a grant of an app role or of delegated permissions is for. The first target is the
// resource; the client is in its properties.
func Client(c *event.Change) event.Principal {
	p := event.Principal{
		ObjectID: ID(c, "ServicePrincipal.ObjectID"), AppID: ID(c, "ServicePrincipal.AppId"), Name: Value(c, "ServicePrincipal.DisplayName"),
	}
	if p.Key() == "" {
		return Principal(c, 1)
	}
	return p
}

// Owned returns the principal that got or lost an owner: the first target is the owner, the thing owned is in its
// properties.
func Owned(c *event.Change) event.Principal {
	if id := ID(c, "ServicePrincipal.ObjectID"); id != "" {
		return Client(c)
	}
	return event.Principal{AppID: ID(c, "Application.AppId"), Name: Value(c, "Application.DisplayName")}
}

// Actor names who made the change: "user:" and an id, or a principal's key.
func Actor(c *event.Change) string {
	if c.Actor.UserID != "" {
		return "user:" + c.Actor.UserID
	}
	return c.Actor.Principal.Key()
}
