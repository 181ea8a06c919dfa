package sandbox

// remembered is how many of its newest keys a [recent] holds at least. It holds twice as many at most.
const remembered = 50_000

// recent remembers the newest of what it was told, so that a sandbox stays small however long it runs.
type recent[V any] struct{ young, old map[string]V }

// put remembers a value; what was put under the same key is forgotten.
func (r *recent[V]) put(key string, value V) {
	if r.young == nil || len(r.young) >= remembered {
		r.young, r.old = make(map[string]V), r.young
	}
	r.young[key] = value
}

func (r *recent[V]) get(key string) (value V, ok bool) {
	if value, ok = r.young[key]; !ok {
		value, ok = r.old[key]
	}
	return value, ok
}
