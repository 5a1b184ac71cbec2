"""UnionPay POS, table-driven."""
from __future__ import annotations
from binascii import hexlify, unhexlify
from dataclasses import dataclass
from iso8583.errors import DecodeError, EncodeError
from iso8583.message import Message

@dataclass(frozen=True, slots=True)
class E:
    kind: str      # n z a b
    length: int
    prefix: int = 0   # bytes of BCD length
    left: bool = False  # fixed odd numeric: justify left
T = {
 2:E('n',19,1),3:E('n',6),4:E('n',12),11:E('n',6),12:E('n',6),13:E('n',4),14:E('n',4),15:E('n',4),
 22:E('n',3,0,True),23:E('n',3),25:E('n',2),26:E('n',2),32:E('n',11,1),35:E('z',37,1),36:E('z',104,2),
 37:E('a',12),38:E('a',6),39:E('a',2),41:E('a',8),42:E('a',15),44:E('a',25,1),48:E('n',322,2),49:E('a',3),
 52:E('b',8),53:E('n',16),54:E('a',20,2),55:E('b',255,2),58:E('a',100,2),59:E('a',999,2),60:E('n',17,2),61:E('n',29,2),
 62:E('b',999,2),63:E('a',163,2),64:E('b',8)}
class Dialect:
    name='unionpay-pos'
    def encode(self, m):
        out=[]; bits=0
        if len(m.mti)!=4 or not m.mti.isdecimal(): raise EncodeError('MTI is not 4 digits',0)
        for n,v in sorted(m.elements.items()):
            e=T.get(n)
            if e is None: raise EncodeError('not in the dialect',n)
            bits|=1<<(64-n); out.append(self._enc(n,e,v))
        return unhexlify(m.mti)+bits.to_bytes(8,'big')+b''.join(out)
    def _enc(self,n,e,v):
        if e.kind in 'nz':
            ok=isinstance(v,str) and (v.isascii() and (v.isdigit() if e.kind=='n' else all(c in '0123456789D' for c in v)))
            if not ok: raise EncodeError('expected digits',n)
            if e.prefix:
                if len(v)>e.length: raise EncodeError('too long',n)
                head=unhexlify(f'{len(v):0{2*e.prefix}d}')
                return head+unhexlify(v+'0'*(len(v)%2))
            if len(v)!=e.length: raise EncodeError('wrong length',n)
            return unhexlify(v+'0' if e.left and len(v)%2 else '0'*(len(v)%2)+v)
        raw=v if e.kind=='b' else v.encode('latin-1')
        if not isinstance(raw,bytes): raise EncodeError('expected bytes',n)
        if e.prefix:
            if len(raw)>e.length: raise EncodeError('too long',n)
            return unhexlify(f'{len(raw):0{2*e.prefix}d}')+raw
        if len(raw)!=e.length: raise EncodeError('wrong length',n)
        return raw
    def decode(self,b):
        if len(b)<10: raise DecodeError('truncated',0,len(b))
        mti=b[:2].hex(); bits=int.from_bytes(b[2:10],'big'); p=10; el={}
        if not mti.isdecimal(): raise DecodeError('MTI is not digits',0,0)
        for n in range(1,65):
            if not bits>>(64-n)&1: continue
            e=T.get(n)
            if e is None: raise DecodeError('bit set for an element that the dialect does not have',n,p)
            size=e.length
            if e.prefix:
                h=b[p:p+e.prefix].hex()
                if len(h)!=2*e.prefix or not h.isdecimal(): raise DecodeError('length is not BCD',n,p)
                size=int(h); p+=e.prefix
                if size>e.length: raise DecodeError('length exceeds the maximum',n,p)
            nb=(size+1)//2 if e.kind in 'nz' else size
            raw=b[p:p+nb]
            if len(raw)!=nb: raise DecodeError('truncated',n,p)
            if e.kind in 'nz':
                h=raw.hex().upper()
                if size%2: h=h[:-1] if (e.prefix or e.left) else h[1:]
                if e.kind=='n' and not h.isdecimal() and h: raise DecodeError('not digits',n,p)
                if e.kind=='z' and not all(c in '0123456789D' for c in h): raise DecodeError('not track digits',n,p)
                el[n]=h
            else: el[n]=raw if e.kind=='b' else raw.decode('latin-1')
            p+=nb
        if p!=len(b): raise DecodeError('trailing bytes',None,p)
        return Message(mti,el)
