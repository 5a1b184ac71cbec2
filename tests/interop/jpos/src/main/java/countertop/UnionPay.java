package countertop;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;
import org.jpos.iso.ISOException;
import org.jpos.iso.ISOMsg;
import org.jpos.iso.ISOUtil;
import org.jpos.iso.packager.GenericPackager;

/** What both ends of a UnionPay line need, from the JDK's and jPOS's parts only. */
final class UnionPay {
    static final byte[] HEADER = ISOUtil.hex2byte("6000030000603100311108");

    private UnionPay() {}

    static GenericPackager packager() throws ISOException {
        return new GenericPackager(UnionPay.class.getResourceAsStream("/unionpay-pos.xml"));
    }

    static byte[] ecb(int mode, byte[] key, byte[] data) {
        try {
            byte[] whole = key.length == 16 ? ISOUtil.concat(key, Arrays.copyOf(key, 8)) : key;
            String name = key.length == 8 ? "DES" : "DESede";
            Cipher cipher = Cipher.getInstance(name + "/ECB/NoPadding");
            cipher.init(mode, new SecretKeySpec(whole, name));
            return cipher.doFinal(data);
        } catch (java.security.GeneralSecurityException error) {
            throw new IllegalStateException(error);
        }
    }

    static byte[] encrypt(byte[] key, byte[] data) {
        return ecb(Cipher.ENCRYPT_MODE, key, data);
    }

    static byte[] decrypt(byte[] key, byte[] data) {
        return ecb(Cipher.DECRYPT_MODE, key, data);
    }

    static byte[] checkValue(byte[] key) {
        return Arrays.copyOf(encrypt(key, new byte[8]), 4);
    }

    /** Element 64 (facts/unionpay.md §5): blocks XORed, as hexadecimal through DES twice, eight characters. */
    static byte[] mac(byte[] key, byte[] covered) {
        byte[] sum = new byte[8];
        for (int i = 0; i < covered.length; i++) sum[i % 8] ^= covered[i];
        byte[] text = ISOUtil.hexString(sum).toUpperCase().getBytes(StandardCharsets.US_ASCII);
        byte[] first = encrypt(key, Arrays.copyOfRange(text, 0, 8));
        byte[] second = encrypt(key, ISOUtil.xor(first, Arrays.copyOfRange(text, 8, 16)));
        return ISOUtil.hexString(second).toUpperCase().substring(0, 8).getBytes(StandardCharsets.US_ASCII);
    }

    /** Packs the message with a MAC over all before it. */
    static void seal(ISOMsg message, byte[] key) throws ISOException {
        message.set(64, new byte[8]);
        byte[] packed = message.pack();
        message.set(64, mac(key, Arrays.copyOf(packed, packed.length - 8)));
    }

    static boolean genuine(ISOMsg message, byte[] key) throws ISOException {
        if (key == null || !message.hasField(64)) return false;
        byte[] packed = message.pack();
        byte[] said = Arrays.copyOfRange(packed, packed.length - 8, packed.length);
        return Arrays.equals(said, mac(key, Arrays.copyOf(packed, packed.length - 8)));
    }

    /** Twelve digits left of the check digit, as in ISO 9564-1 format 0. */
    static byte[] panField(String pan) {
        return ISOUtil.hex2byte("0000" + pan.substring(pan.length() - 13, pan.length() - 1));
    }

    static byte[] pinBlock(byte[] key, String pin, String pan) {
        String field = String.format("%02d%s", pin.length(), pin);
        while (field.length() < 16) field += "F";
        return encrypt(key, ISOUtil.xor(ISOUtil.hex2byte(field), panField(pan)));
    }

    static String pin(byte[] key, byte[] block, String pan) {
        String field = ISOUtil.hexString(ISOUtil.xor(decrypt(key, block), panField(pan)));
        int length = Integer.parseInt(field.substring(0, 2), 16);
        return length < 4 || length > 12 ? "" : field.substring(2, 2 + length);
    }

    static String track2Pan(String track2) {
        return track2.split("[=D]")[0];
    }
}
