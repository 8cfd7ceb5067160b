package memory_test

import (
	"testing"

	"rekey/shared/store"
	"rekey/shared/store/memory"
	"rekey/shared/store/storetest"
)

func TestContract(t *testing.T) {
	storetest.Table(t, func(*testing.T) store.Table { return &memory.Table{} })
	storetest.Blobs(t, func(*testing.T) store.Blobs { return &memory.Blobs{} })
}
