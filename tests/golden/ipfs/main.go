// Makes the golden values of the store with boxo, go-car and go-ipld-prime, the implementations inside Kubo.
//
//	go run . FOLDER    writes trees.tsv, codecs.tsv, small.car and small-v2.car into FOLDER (tests/golden/data/ipfs)
package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/ipfs/boxo/blockservice"
	"github.com/ipfs/boxo/blockstore"
	chunk "github.com/ipfs/boxo/chunker"
	"github.com/ipfs/boxo/exchange/offline"
	"github.com/ipfs/boxo/ipld/merkledag"
	"github.com/ipfs/boxo/ipld/unixfs"
	"github.com/ipfs/boxo/ipld/unixfs/importer/balanced"
	"github.com/ipfs/boxo/ipld/unixfs/importer/helpers"
	"github.com/ipfs/boxo/ipld/unixfs/importer/trickle"
	uio "github.com/ipfs/boxo/ipld/unixfs/io"
	"github.com/ipfs/go-cid"
	"github.com/ipfs/go-datastore"
	dssync "github.com/ipfs/go-datastore/sync"
	format "github.com/ipfs/go-ipld-format"
	carv2 "github.com/ipld/go-car/v2"
	"github.com/ipld/go-car/v2/storage"
	"github.com/ipld/go-ipld-prime/codec/dagcbor"
	"github.com/ipld/go-ipld-prime/codec/dagjson"
	"github.com/ipld/go-ipld-prime/node/basicnode"
	mh "github.com/multiformats/go-multihash"
	_ "github.com/multiformats/go-multihash/register/blake3"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// stream is the input of a seed: little-endian words of splitmix64; seed 0 is all zeros.
type stream struct {
	state, word uint64
	left        int
	zero        bool
}

func (s *stream) Read(p []byte) (int, error) {
	for i := range p {
		if s.zero {
			p[i] = 0
			continue
		}
		if s.left == 0 {
			s.state += 0x9E3779B97F4A7C15
			z := s.state
			z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
			z = (z ^ z>>27) * 0x94D049BB133111EB
			s.word = z ^ z>>31
			s.left = 8
		}
		p[i] = byte(s.word)
		s.word >>= 8
		s.left--
	}
	return len(p), nil
}

func content(seed, size uint64) io.Reader {
	return io.LimitReader(&stream{state: seed, zero: seed == 0}, int64(size))
}

type settings struct {
	version   int
	hash      string
	rawLeaves bool
	chunker   string
	width     int
	layout    string
	threshold int
	estimate  string
	fanout    int
}

func (s settings) prefix() cid.Prefix {
	code := uint64(mh.SHA2_256)
	if s.hash == "blake3" {
		code = mh.BLAKE3
	}
	return cid.Prefix{Version: uint64(s.version), Codec: cid.DagProtobuf, MhType: code, MhLength: 32}
}

func (s settings) String() string {
	return fmt.Sprintf("%d\t%s\t%v\t%s\t%d\t%s\t%d\t%s\t%d", s.version, s.hash, s.rawLeaves, s.chunker, s.width, s.layout, s.threshold, s.estimate, s.fanout)
}

func newDag() (format.DAGService, blockstore.Blockstore) {
	store := blockstore.NewBlockstore(dssync.MutexWrap(datastore.NewMapDatastore()))
	return merkledag.NewDAGService(blockservice.New(store, offline.Exchange(store))), store
}

func addFile(dag format.DAGService, s settings, r io.Reader) format.Node {
	splitter, err := chunk.FromString(r, s.chunker)
	check(err)
	params := helpers.DagBuilderParams{Maxlinks: s.width, RawLeaves: s.rawLeaves, CidBuilder: s.prefix(), Dagserv: dag}
	builder, err := params.New(splitter)
	check(err)
	layout := balanced.Layout
	if s.layout == "trickle" {
		layout = trickle.Layout
	}
	node, err := layout(builder)
	check(err)
	return node
}

// addFolder makes a folder of count files named NAME-0 and so on, whose content is their name, and a folder "sub" with the
// file "deep" in it.
func addFolder(dag format.DAGService, s settings, name string, count int) format.Node {
	ctx := context.Background()
	uio.HAMTShardingSize = s.threshold
	mode := uio.SizeEstimationLinks
	if s.estimate == "block" {
		mode = uio.SizeEstimationBlock
	}
	uio.HAMTSizeEstimation = mode
	make := func() uio.Directory {
		d, err := uio.NewDirectory(dag, uio.WithCidBuilder(s.prefix()), uio.WithMaxHAMTFanout(s.fanout), uio.WithSizeEstimationMode(mode))
		check(err)
		return d
	}
	d := make()
	for i := range count {
		file := fmt.Sprintf("%s-%d", name, i)
		check(d.AddChild(ctx, file, addFile(dag, s, strings.NewReader(file))))
	}
	sub := make()
	check(sub.AddChild(ctx, "deep", addFile(dag, s, strings.NewReader("deep"))))
	node, err := sub.GetNode()
	check(err)
	check(dag.Add(ctx, node))
	check(d.AddChild(ctx, "sub", node))
	root, err := d.GetNode()
	check(err)
	check(dag.Add(ctx, root))
	return root
}

func total(n format.Node) uint64 {
	size, err := n.Size()
	check(err)
	return size
}

func trees(out io.Writer) {
	v0 := settings{0, "sha2-256", false, "size-262144", 174, "balanced", 256 << 10, "links", 256}
	v1 := settings{1, "sha2-256", true, "size-1048576", 1024, "balanced", 256 << 10, "block", 256}
	fmt.Fprintln(out, "kind\tinput\tsize\tversion\thash\traw_leaves\tchunker\twidth\tlayout\tthreshold\testimate\tfanout\tcid\ttotal")
	file := func(seed, size uint64, s settings) {
		dag, _ := newDag()
		n := addFile(dag, s, content(seed, size))
		fmt.Fprintf(out, "file\t%d\t%d\t%s\t%s\t%d\n", seed, size, s, n.Cid(), total(n))
	}
	folder := func(name string, count int, s settings) {
		dag, _ := newDag()
		n := addFolder(dag, s, name, count)
		fmt.Fprintf(out, "folder\t%s\t%d\t%s\t%s\t%d\n", name, count, s, n.Cid(), total(n))
	}
	for _, size := range []uint64{0, 1, 255, 1000, 262143, 262144, 262145, 524288, 1048575, 1048576, 1048577, 3 << 20, 10000000} {
		file(1, size, v0)
		file(1, size, v1)
	}
	file(0, 50<<20, v0)  // 200 leaves: two levels
	file(0, 1<<30+5, v1) // 1025 leaves: two levels
	for _, layout := range []string{"balanced", "trickle"} {
		for _, raw := range []bool{false, true} {
			for _, width := range []int{2, 3, 174} {
				for _, size := range []uint64{0, 1, 999, 1000, 1001, 2000, 3001, 9000, 27001, 99999} {
					s := settings{1, "sha2-256", raw, "size-1000", width, layout, 256 << 10, "block", 256}
					file(2, size, s)
				}
			}
		}
	}
	for _, chunker := range []string{"buzhash", "rabin", "rabin-16384", "rabin-1000-5000-9000", "rabin-16-64-200"} {
		for _, size := range []uint64{0, 1, 15, 131071, 131072, 131073, 600000, 5 << 20} {
			if size > 1<<20 && chunker == "rabin-16-64-200" {
				continue
			}
			for _, seed := range []uint64{0, 3} {
				s := v1
				s.chunker = chunker
				file(seed, size, s)
			}
		}
	}
	b3 := v1
	b3.hash = "blake3"
	for _, size := range []uint64{0, 1, 1024, 1025, 65537, 5 << 20} {
		file(4, size, b3)
	}
	for _, count := range []int{0, 1, 2, 10} {
		folder("a", count, v0)
		folder("a", count, v1)
	}
	// On both sides of the threshold, for each estimate and several fanouts.
	for _, estimate := range []string{"links", "block"} {
		for _, fanout := range []int{8, 16, 256, 1024} {
			for _, count := range []int{20, 21, 22, 23, 24, 25, 200, 2000} {
				s := v1
				s.threshold, s.estimate, s.fanout = 1000, estimate, fanout
				folder("name", count, s)
			}
		}
	}
	folder("some-long-name-of-a-file-in-a-big-folder", 4000, v1)
	folder("some-long-name-of-a-file-in-a-big-folder", 4000, v0)
	folder("ünïcode ✓", 300, settings{0, "sha2-256", false, "size-262144", 174, "balanced", 2000, "links", 256})
	link, err := unixfs.SymlinkData("../to/there")
	check(err)
	n := merkledag.NodeWithData(link)
	check(n.SetCidBuilder(v1.prefix()))
	fmt.Fprintf(out, "symlink\t../to/there\t0\t%s\t%s\t%d\n", v1, n.Cid(), total(n))
}

// codecs writes the dag-json text, the dag-cbor bytes and the CIDs of both, for values of every kind.
func codecs(out io.Writer) {
	fmt.Fprintln(out, "dag_json\tdag_cbor\tcid_json\tcid_cbor")
	values := []string{
		`null`, `true`, `false`, `0`, `23`, `24`, `255`, `256`, `65535`, `65536`, `4294967295`, `4294967296`, `9223372036854775807`,
		`-1`, `-24`, `-25`, `-256`, `-257`, `-65537`, `-4294967297`, `-9223372036854775808`,
		`0.5`, `-0.25`, `1.5e300`, `1.25e-7`, `""`, `"a"`, `"ü✓𐍈"`, `"quote \" back \\ line \n tab \t"`, `[]`, `[1,[2,[3]]]`, `{}`,
		`{"a":1}`, `{"b":1,"aa":2,"c":[true,null]}`, `{"aaa":1,"bb":2,"c":3,"":4}`,
		`{"/":"bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"}`,
		`{"/":"QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"}`,
		`{"/":{"bytes":""}}`, `{"/":{"bytes":"AAEC/w"}}`, `{"a":{"/":{"bytes":"aGVsbG8"}},"l":[{"/":"bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"}]}`,
		`"` + strings.Repeat("x", 300) + `"`, `[` + strings.Repeat("7,", 30) + `7]`,
	}
	for _, text := range values {
		b := basicnode.Prototype.Any.NewBuilder()
		if err := dagjson.Decode(b, strings.NewReader(text)); err != nil {
			panic(fmt.Sprintf("%s: %v", text, err))
		}
		var j, c bytes.Buffer
		check(dagjson.Encode(b.Build(), &j))
		check(dagcbor.Encode(b.Build(), &c))
		name := func(codec uint64, block []byte) cid.Cid {
			id, err := cid.Prefix{Version: 1, Codec: codec, MhType: mh.SHA2_256, MhLength: 32}.Sum(block)
			check(err)
			return id
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", j.String(), hex.EncodeToString(c.Bytes()), name(cid.DagJSON, j.Bytes()), name(cid.DagCBOR, c.Bytes()))
	}
}

// cars writes the tree of a small file, in the order of a walk, as both versions.
func cars(folder string) {
	ctx := context.Background()
	dag, store := newDag()
	s := settings{1, "sha2-256", true, "size-100", 3, "balanced", 1000, "block", 256}
	root := addFile(dag, s, content(5, 1000))
	var order []cid.Cid
	seen := cid.NewSet()
	var walk func(c cid.Cid)
	walk = func(c cid.Cid) {
		if !seen.Visit(c) {
			return
		}
		order = append(order, c)
		n, err := dag.Get(ctx, c)
		check(err)
		for _, l := range n.Links() {
			walk(l.Cid)
		}
	}
	walk(root.Cid())
	put := func(w interface {
		Put(context.Context, string, []byte) error
	}) {
		for _, c := range order {
			b, err := store.Get(ctx, c)
			check(err)
			check(w.Put(ctx, c.KeyString(), b.RawData()))
		}
	}
	var v1 bytes.Buffer
	w, err := storage.NewWritable(&v1, []cid.Cid{root.Cid()}, carv2.WriteAsCarV1(true))
	check(err)
	put(w)
	check(w.Finalize())
	check(os.WriteFile(filepath.Join(folder, "small.car"), v1.Bytes(), 0o644))
	f, err := os.Create(filepath.Join(folder, "small-v2.car"))
	check(err)
	rw, err := storage.NewReadableWritable(f, []cid.Cid{root.Cid()})
	check(err)
	put(rw)
	check(rw.Finalize())
	check(f.Close())
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run . FOLDER")
		os.Exit(2)
	}
	folder := os.Args[1]
	check(os.MkdirAll(folder, 0o755))
	for name, write := range map[string]func(io.Writer){"codecs.tsv": codecs, "trees.tsv": trees} {
		var b bytes.Buffer
		write(&b)
		check(os.WriteFile(filepath.Join(folder, name), b.Bytes(), 0o644))
	}
	cars(folder)
}
