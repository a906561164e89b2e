// The part of node-forge that is loaded, its ASN.1 codec alone (9 ms instead of 50), typed as far as der.ts uses
// it. The published types name the whole package only, and not the options of `fromDer`.
declare module 'node-forge/lib/asn1.js' {
  /** Bytes as a string, one character each. */
  export type Bytes = string;

  export interface Asn1 {
    readonly tagClass: number;
    readonly type: number;
    readonly constructed: boolean;
    readonly value: Bytes | Asn1[];
  }

  interface ByteBuffer {
    getBytes(): Bytes;
  }

  interface Codec {
    readonly Class: { readonly UNIVERSAL: number; readonly CONTEXT_SPECIFIC: number };
    readonly Type: Readonly<
      Record<
        | 'BOOLEAN'
        | 'INTEGER'
        | 'BITSTRING'
        | 'OCTETSTRING'
        | 'NULL'
        | 'OID'
        | 'SEQUENCE'
        | 'SET'
        | 'PRINTABLESTRING'
        | 'UTF8'
        | 'UTCTIME'
        | 'GENERALIZEDTIME',
        number
      >
    >;
    create(tagClass: number, type: number, constructed: boolean, value: Bytes | Asn1[]): Asn1;
    fromDer(
      bytes: Bytes,
      options: { strict: boolean; parseAllBytes: boolean; decodeBitStrings: boolean },
    ): Asn1;
    toDer(value: Asn1): ByteBuffer;
    oidToDer(dotted: string): ByteBuffer;
    derToOid(bytes: Bytes): string;
    integerToDer(value: number): ByteBuffer;
    dateToUtcTime(date: Date): Bytes;
    dateToGeneralizedTime(date: Date): Bytes;
  }

  const codec: Codec;
  export { codec as default };
}
