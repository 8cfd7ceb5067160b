package rule

import (
	"strings"

	"rekey/shared/event"
)

// actorOf is the actor that a key stands for: "user:" and an id, "app:" and an application id, or an object id.
func actorOf(key string) event.Actor {
	if id, ok := strings.CutPrefix(key, "user:"); ok {
		return event.Actor{UserID: id}
	}
	if id, ok := strings.CutPrefix(key, "app:"); ok {
		return event.Actor{Principal: event.Principal{AppID: id}}
	}
	return event.Actor{Principal: event.Principal{ObjectID: key}}
}

// Vouches reports whether the actor with a key changes applications as his work, and is not himself in a case. A nil World
// trusts nobody.
func (w *World) Vouches(key string) bool { return w != nil && w.deploys(actorOf(key)) }

// Suspected reports whether the actor with a key is in a case.
func (w *World) Suspected(key string) bool { return w != nil && w.suspect(actorOf(key)) }

// IsRekey reports whether a key is Rekey's own.
func (w *World) IsRekey(key string) bool { return w != nil && w.isSelf(actorOf(key).Principal) }

// Platform reports whether a principal is a service of Microsoft's that acts by itself in every tenant. It takes the
// appId: anybody can take the name.
func (w *World) Platform(p event.Principal) bool {
	id, known := platform[strings.ToLower(p.Name)]
	return known && id != "" && p.AppID == id
}
