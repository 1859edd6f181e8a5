// A peer of the store made of boxo, the libraries inside Kubo: an end-to-end test and a benchmark speak with it.
//
//	peer serve CAR                       serves the blocks of an archive as a trustless gateway; prints its address
//	peer fetch URL CID                   reads a tree from a gateway, block by block; prints "SHA-256  name" of each file
//	peer load URL SECONDS CONNECTIONS CAR
//	                                     asks for the raw blocks of an archive again and again; prints bytes a second
package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ipfs/boxo/blockservice"
	"github.com/ipfs/boxo/blockstore"
	"github.com/ipfs/boxo/exchange/offline"
	"github.com/ipfs/boxo/gateway"
	"github.com/ipfs/boxo/ipld/merkledag"
	"github.com/ipfs/boxo/ipld/unixfs"
	uio "github.com/ipfs/boxo/ipld/unixfs/io"
	blocks "github.com/ipfs/go-block-format"
	"github.com/ipfs/go-cid"
	"github.com/ipfs/go-datastore"
	dssync "github.com/ipfs/go-datastore/sync"
	format "github.com/ipfs/go-ipld-format"
	carv2 "github.com/ipld/go-car/v2"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func eachBlock(file string, visit func(blocks.Block)) {
	in, err := os.Open(file)
	check(err)
	defer in.Close()
	reader, err := carv2.NewBlockReader(in)
	check(err)
	for {
		block, err := reader.Next()
		if err == io.EOF {
			return
		}
		check(err)
		visit(block)
	}
}

func serve(file string) {
	ctx := context.Background()
	store := blockstore.NewBlockstore(dssync.MutexWrap(datastore.NewMapDatastore()))
	eachBlock(file, func(block blocks.Block) { check(store.Put(ctx, block)) })
	backend, err := gateway.NewBlocksBackend(blockservice.New(store, offline.Exchange(store)))
	check(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Printf("http://%s\n", listener.Addr())
	check(http.Serve(listener, gateway.NewHandler(gateway.Config{DeserializedResponses: false}, backend)))
}

func walk(ctx context.Context, dag format.DAGService, id cid.Cid, name string) {
	node, err := dag.Get(ctx, id)
	check(err)
	if n, ok := node.(*merkledag.ProtoNode); ok {
		data, err := unixfs.FSNodeFromBytes(n.Data())
		check(err)
		if data.IsDir() {
			folder, err := uio.NewDirectoryFromNode(dag, node)
			check(err)
			links, err := folder.Links(ctx)
			check(err)
			for _, link := range links {
				walk(ctx, dag, link.Cid, path.Join(name, link.Name))
			}
			return
		}
	}
	reader, err := uio.NewDagReader(ctx, node, dag)
	check(err)
	hash := sha256.New()
	_, err = io.Copy(hash, reader)
	check(err)
	fmt.Printf("%x  %s\n", hash.Sum(nil), name)
}

func fetch(url, text string) {
	id, err := cid.Decode(text)
	check(err)
	store, err := gateway.NewRemoteBlockstore([]string{url}, http.DefaultClient)
	check(err)
	service := blockservice.New(store, offline.Exchange(store))
	walk(context.Background(), merkledag.NewDAGService(service), id, "")
}

func load(url, secondsText, connectionsText, file string) {
	seconds, err := strconv.ParseFloat(secondsText, 64)
	check(err)
	connections, err := strconv.Atoi(connectionsText)
	check(err)
	var cids []string
	eachBlock(file, func(block blocks.Block) {
		if block.Cid().Prefix().Codec == cid.Raw {
			cids = append(cids, block.Cid().String())
		}
	})
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true}}
	var next, total atomic.Int64
	var group sync.WaitGroup
	begin := time.Now()
	end := begin.Add(time.Duration(seconds * float64(time.Second)))
	for range connections {
		group.Add(1)
		go func() {
			defer group.Done()
			buffer := make([]byte, 256<<10)
			for time.Now().Before(end) {
				id := cids[int(next.Add(1))%len(cids)]
				response, err := client.Get(url + "/ipfs/" + id + "?format=raw")
				check(err)
				if response.StatusCode != http.StatusOK {
					check(fmt.Errorf("status %d", response.StatusCode))
				}
				n, err := io.CopyBuffer(io.Discard, response.Body, buffer)
				check(err)
				check(response.Body.Close())
				total.Add(n)
			}
		}()
	}
	group.Wait()
	fmt.Printf("%.0f\n", float64(total.Load())/time.Since(begin).Seconds())
}

func main() {
	args := os.Args[1:]
	switch {
	case len(args) == 2 && args[0] == "serve":
		serve(args[1])
	case len(args) == 3 && args[0] == "fetch":
		fetch(args[1], args[2])
	case len(args) == 5 && args[0] == "load":
		load(args[1], args[2], args[3], args[4])
	default:
		fmt.Fprintln(os.Stderr, "usage: peer serve CAR | fetch URL CID | load URL SECONDS CONNECTIONS CAR")
		os.Exit(2)
	}
}
