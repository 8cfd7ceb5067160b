// Package blobs keeps blobs in Azure Blob storage: whole ones, and append blobs for the ledger.
package blobs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/appendblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"rekey/shared/azure/redact"
	"rekey/shared/azure/traced"
	"rekey/shared/fault"
	"rekey/shared/store"
)

// Service makes containers of one storage account.
type Service struct {
	client *azblob.Client
}

// FromConnectionString opens an account by its connection string.
func FromConnectionString(s string, opts azcore.ClientOptions) (*Service, error) {
	c, err := azblob.NewClientFromConnectionString(s, &azblob.ClientOptions{ClientOptions: traced.Options(traced.Blob, opts)})
	if err != nil {
		return nil, fault.Errorf(fault.Denied, "opening blob storage: the connection string is not usable")
	}
	return &Service{c}, nil
}

// FromURL opens an account by its blob URL and a credential.
func FromURL(url string, cred azcore.TokenCredential, opts azcore.ClientOptions) (*Service, error) {
	c, err := azblob.NewClient(url, cred, &azblob.ClientOptions{ClientOptions: traced.Options(traced.Blob, opts)})
	return &Service{c}, redact.Error("opening blob storage", err)
}

// Ensure creates containers that are missing. In Azure the deployment creates them.
func (s *Service) Ensure(ctx context.Context, names ...string) error {
	for _, name := range names {
		_, err := s.client.CreateContainer(ctx, name, nil)
		if err != nil && !bloberror.HasCode(err, bloberror.ContainerAlreadyExists) {
			return redact.Error("creating container "+name, err)
		}
	}
	return nil
}

// Endpoint is where the account is reached, without a signature that a connection string may hold.
func (s *Service) Endpoint() string {
	plain, _, _ := strings.Cut(s.client.URL(), "?")
	return plain
}

// Container returns one container.
func (s *Service) Container(name string) store.Blobs {
	return &blobs{s.client.ServiceClient().NewContainerClient(name), name}
}

type blobs struct {
	client *container.Client
	name   string
}

func (b *blobs) Write(ctx context.Context, name string, data []byte) error {
	_, err := b.client.NewBlockBlobClient(name).UploadBuffer(ctx, data, nil)
	return redact.Error("writing blob "+b.name+"/"+name, err)
}

func (b *blobs) Read(ctx context.Context, name string) ([]byte, error) {
	doing := "reading blob " + b.name + "/" + name
	r, err := b.client.NewBlobClient(name).DownloadStream(ctx, nil)
	if err != nil {
		return nil, redact.Error(doing, err)
	}
	body := r.NewRetryReader(ctx, nil)
	defer body.Close()
	data, err := io.ReadAll(body)
	return data, redact.Error(doing, err)
}

// Append adds to an append blob at a position. The SDK repeats a request whose answer was lost; the repetition then
// reports that the position is wrong, so before a conflict is believed the blob is compared with what was appended.
func (b *blobs) Append(ctx context.Context, name string, at int64, data []byte) error {
	doing := "appending to blob " + b.name + "/" + name
	if len(data) == 0 {
		return fault.Errorf(fault.Denied, "%s: there is nothing to append", doing)
	}
	client := b.client.NewAppendBlobClient(name)
	if at == 0 {
		_, err := client.Create(ctx, &appendblob.CreateOptions{AccessConditions: &blob.AccessConditions{
			ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)},
		}})
		if err != nil && !bloberror.HasCode(err, bloberror.BlobAlreadyExists, bloberror.ConditionNotMet) {
			return redact.Error(doing, err)
		}
	}
	_, err := client.AppendBlock(ctx, streaming.NopCloser(bytes.NewReader(data)), &appendblob.AppendBlockOptions{
		AppendPositionAccessConditions: &appendblob.AppendPositionAccessConditions{AppendPosition: &at},
	})
	if bloberror.HasCode(err, bloberror.AppendPositionConditionNotMet) {
		return b.landed(ctx, name, at, data, fault.As(fault.Conflict, redact.Error(doing, err)))
	}
	if err = redact.Error(doing, err); errors.Is(err, fault.NotFound) {
		return fault.As(fault.Conflict, err)
	}
	return err
}

// landed returns nil when the blob has the data at the position: the first try took effect, whatever followed it. When
// that cannot be read it is not known, and no conflict.
func (b *blobs) landed(ctx context.Context, name string, at int64, data []byte, conflict error) error {
	now, err := b.Read(ctx, name)
	if err != nil {
		return err
	}
	if end := at + int64(len(data)); int64(len(now)) >= end && bytes.Equal(now[at:end], data) {
		return nil
	}
	return conflict
}

func (b *blobs) List(ctx context.Context, prefix string) ([]string, error) {
	var names []string
	pages := b.client.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: &prefix})
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, redact.Error("listing "+b.name, err)
		}
		for _, item := range page.Segment.BlobItems {
			names = append(names, *item.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}
