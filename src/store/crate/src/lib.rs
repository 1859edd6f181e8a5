//! The C interface that blake3_c.h describes. Nothing here can panic: the slices are those that the caller vouches for.
#![no_std]

use core::ffi::c_void;
use core::slice;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

/// # Safety
/// `input` has `input_size` readable bytes and `digest` has `digest_size` writable ones.
#[no_mangle]
pub unsafe extern "C" fn accelerate_blake3(input: *const c_void, input_size: usize, digest: *mut c_void, digest_size: usize) {
    let mut hasher = blake3::Hasher::new();
    if input_size > 0 {
        hasher.update(slice::from_raw_parts(input as *const u8, input_size));
    }
    hasher.finalize_xof().fill(slice::from_raw_parts_mut(digest as *mut u8, digest_size));
}
