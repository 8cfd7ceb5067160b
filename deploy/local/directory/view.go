package directory

import (
	"slices"
	"strings"
	"time"
)

// dated is a version of an object that ended at a time; absent when there was no object before.
type dated struct {
	at     time.Time
	absent bool
	object Object
}

// View is the directory as one replica shows it.
type View struct {
	directory *Directory
	at        time.Time
}

// View returns the directory as it was at a time, as far back as this process remembers. The zero time is now.
func (d *Directory) View(at time.Time) View { return View{d, at} }

// Get returns an object by id.
func (v View) Get(collection, id string) (Object, bool) {
	v.directory.mu.Lock()
	defer v.directory.mu.Unlock()
	o, ok := v.get(collection, id)
	return clone(o), ok
}

func (v View) get(collection, id string) (Object, bool) {
	if !v.at.IsZero() {
		for _, old := range v.directory.history[collection][id] {
			if old.at.After(v.at) {
				return old.object, !old.absent
			}
		}
	}
	o, ok := v.directory.objects[collection][id]
	return o, ok
}

// List returns a collection in order of id.
func (v View) List(collection string) []Object {
	return v.those(collection, func(Object) bool { return true })
}

// those returns what keep says of a collection, in order of id.
func (v View) those(collection string, keep func(Object) bool) []Object {
	v.directory.mu.Lock()
	defer v.directory.mu.Unlock()
	var out []Object
	add := func(id string) {
		if o, ok := v.get(collection, id); ok && keep(o) {
			out = append(out, clone(o))
		}
	}
	for id := range v.directory.objects[collection] {
		add(id)
	}
	for id := range v.directory.history[collection] {
		if _, there := v.directory.objects[collection][id]; !there {
			add(id)
		}
	}
	slices.SortFunc(out, func(a, b Object) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// ByAppID returns the objects of an application id, in order of id.
func (v View) ByAppID(collection, appID string) []Object {
	return v.those(collection, func(o Object) bool { return o.AppID == appID })
}

// ByAppID returns the objects of an application id as they are now, in order of id.
func (d *Directory) ByAppID(collection, appID string) []Object {
	return d.View(time.Time{}).ByAppID(collection, appID)
}
